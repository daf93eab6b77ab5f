// The views: each a section that shows what the search leaves.

/** Name, heading, and how it is made; `Changes` only where there is something to compare with. */
function views(data, search, act) {
  const dangling = data.findings.filter((each) => each[6]);
  const others = data.findings.filter((each) => !each[6]);
  return [
    pathsView(data, search, act),
    waysView(data, search, act),
    ...(data.possible.length ? [possibleView(data, search)] : []),
    drawnView("matrix", "Matrix", (found) => matrix(data, found, act)),
    drawnView("picture", "Picture", (found) => [picture(data, found), lanes(data, search.ways())]),
    findingsView("findings", "Findings", others, data, search, act),
    findingsView("dangling", "Dangling grants", dangling, data, search, act),
    rolesView(data, search, act),
    ...(data.changes ? [changesView(data, search)] : []),
  ];
}

function view(name, title, nodes, show, tables = []) {
  const heading = element("h2", { tabindex: "-1" }, title);
  return { name, title, heading, section: element("section", { id: `view-${name}`, hidden: true }, heading, nodes), show, tables };
}

function pathsView(data, search, act) {
  // Without decisions the columns are for paper alone, to be filled in.
  const fill = Object.keys(data.decisions).length ? "decided" : "fill";
  const table = new PagedTable("Paths: who can assume which role", [
    "Who", "Role", "Account ID", "Access", "Last used", "Conditions", "Ends", ["Owner", fill], ["Decision", fill], "",
  ], (path) => {
    const [principal, role] = [data.names[data.paths.principal[path]], data.names[data.paths.role[path]]];
    const words = data.words(path).join("; or ");
    const always = element("span", { class: data.isAlways(path) ? "always" : null }, words);
    const [owner, decision, note] = data.decision(path);
    return [element("span", { class: "name" }, principal), element("span", { class: "name" }, role),
      data.accountId(data.paths.role[path]), data.level(data.paths.role[path]), data.lastUsed(data.paths.role[path]), always,
      data.end(path), owner, [decision, note ? element("div", { class: "quiet" }, note) : null],
      plainButton("Open", () => act.openPath(path), `Open the path from ${principal} to ${role}`)];
  });
  return view("paths", "Paths", table.nodes, (found) => { table.show(found); return count(found.length, "path"); }, [table]);
}

function waysView(data, search, act) {
  const table = new PagedTable("Ways through other roles: who gets to which role, and what each hop asks for",
    ["Who", "Through", "Role", "Conditions of each hop", "Kept and lost"], (way) => {
      const [stations, , notes, more] = way;
      const names = stations.map((end) => data.names[end]);
      const words = data.hopWords(way);
      const hops = words.every((each) => each === "always") ? element("span", { class: "always" }, "always")
        : element("ol", {}, words.map((each) => element("li", {}, each)));
      const others = more ? element("div", { class: "quiet" }, `${count(more, "more way")} of this pair`) : null;
      return [plainButton(names[0], () => act.showOnly(stations[0])), element("span", { class: "name" }, names.slice(1, -1).join(" → ")),
        element("span", { class: "name" }, names.at(-1)), [hops, others], notes.join("; ") || "–"];
    });
  return view("ways", `Ways (${data.ways.length.toLocaleString("en")})`, table.nodes, () => {
    const found = search.ways();
    table.show(found);
    return count(found.length, "way");
  }, [table]);
}

function possibleView(data, search) {
  const table = new PagedTable("Possible: who gets in if the account has such a principal and grants it", ["Who", "Role", "If"],
    ([who, role, assumes]) => [element("span", { class: "name" }, `possible: ${who}`), element("span", { class: "name" }, role), assumes]);
  return view("possible", `Possible (${data.possible.length.toLocaleString("en")})`, table.nodes, () => {
    const found = search.rows(data.possible, (row) => row.join(" "));
    table.show(found);
    return `${found.length.toLocaleString("en")} possible`;
  }, [table]);
}

function drawnView(name, title, make) {
  const place = element("div", {});
  return view(name, title, [place], (found) => {
    place.replaceChildren(...[make(found)].flat(Infinity));
    return count(found.length, "path");
  });
}

function findingsView(name, title, rows, data, search, act) {
  const table = new PagedTable(title, ["Finding", "Where", "What", "What to do"], ([[code, severity, end, where, message, fix], ...others]) => {
    const first = end >= 0 ? plainButton(where, () => act.showOnly(end), `${where}: show its paths`) : where;
    const more = element("span", { class: "quiet", title: others.map((each) => each[3]).join("\n") }, ` and ${others.length.toLocaleString("en")} more`);
    const place = others.length ? [first, more] : first;
    const about = element("span", { title: data.kinds[code].join(". ") }, element("span", { class: severity }, code), ` ${severity}`);
    return [about, element("span", { class: "name where" }, place), message, fix];
  });
  return view(name, `${title} (${rows.length.toLocaleString("en")})`, table.nodes, () => {
    const found = search.rows(rows, (row) => `${row[0]} ${row[1]} ${row[3]} ${row[4]} ${row[2] < 0 ? "" : data.endTexts[row[2]]}`);
    const groups = new Map();
    for (const row of found) groups.has(row[7]) ? groups.get(row[7]).push(row) : groups.set(row[7], [row]);
    table.show([...groups.values()]);
    return count(found.length, "finding");
  }, [table]);
}

function rolesView(data, search, act) {
  const reached = new Map();
  for (const role of data.paths.role) reached.set(role, (reached.get(role) ?? 0) + 1);
  const table = new PagedTable("Roles: what they may do, who reaches them, how one switches to them",
    ["Role", "Highest access", "Reached by", "Switch-role link"], (row) => {
      const [end, , , , , level] = row;
      const [url, reason] = row.slice(-2);
      return [plainButton(data.names[end], () => act.openRole(end)), level ? levelMark(level) : element("span", { class: "quiet" }, "none"),
        (reached.get(end) ?? 0).toLocaleString("en"), url ? consoleLink(url, "Switch role") : element("span", { class: "quiet" }, `none: ${reason}`)];
    });
  return view("roles", "Roles", table.nodes, () => {
    const found = search.rows(data.roles, (row) => `${data.endTexts[row[0]]} ${row[1]} ${row[2].join(" ")} ${row[5]}`);
    table.show(found);
    return count(found.length, "role");
  }, [table]);
}

function changesView(data, search) {
  const { verdict, rows } = data.changes;
  const table = new PagedTable(`Since ${data.since.join(", ")}: ${verdict}`, ["Change", "Conditions", "Why"], ([direction, kind, subject, conditions, why]) => {
    const gained = direction === "broadening";
    const sign = element("strong", { class: gained ? "gain" : "loss" }, gained ? "+ " : "− ");
    return [[sign, element("span", { class: "name" }, subject), element("div", { class: "quiet" }, kind.replace("-", " "))], conditions, why];
  });
  return view("changes", `Changes (${rows.length.toLocaleString("en")})`, table.nodes, () => {
    const found = search.rows(rows, (row) => row.slice(0, 5).join(" "));
    table.show(found);
    return `${count(found.length, "change")}, ${verdict}`;
  }, [table]);
}
