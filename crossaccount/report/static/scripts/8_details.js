// What is known of one path, or of one role, in a dialog. The browser keeps the focus in it, and Escape closes it.

class Details {
  constructor(data, { follow, showOnly }) {
    Object.assign(this, { data, follow, showOnly });
    this.dialog = document.getElementById("details");
  }

  path(number) {
    const { data } = this;
    const [principal, role] = [data.paths.principal[number], data.paths.role[number]];
    const asked = data.words(number).map((each) => element("li", {}, each));
    this.open(`${data.names[principal]} → ${data.names[role]}`, [
      facts([["Principal", data.arn(principal)], ["Role", data.arn(role)]]),
      element("h3", {}, asked.length > 1 ? "Conditions: one of these" : "Conditions"), element("ul", {}, asked),
      element("div", { class: "sides" },
        this.side("Who grants: the principal's side", data.paths.grants[number], this.noGrant(principal, role)),
        this.side("Who trusts: the role's side", data.paths.trust[number], "")),
      this.link(role, data.conditions[data.paths.conditions[number]][1]),
      this.permissions(role), this.findings(principal, role),
    ]);
  }

  role(end) {
    const { data } = this;
    const [, description, tags, seconds, boundary] = data.roles[data.roleOf.get(end)];
    const session = seconds ? `up to ${seconds / 3600} h` : "not known";
    this.open(data.names[end], [
      facts([["Role", data.arn(end)], ["Description", description], ["Sessions", session],
        ["Permissions boundary", boundary], ["Tags", tags.join(", ")]]),
      element("p", {}, element("button", { type: "button", click: () => this.only(end) }, "Show its paths")),
      this.link(end, ""), this.permissions(end), this.findings(end),
    ]);
  }

  open(title, content) {
    const close = element("button", { type: "button", click: () => this.dialog.close() }, "Close");
    const heading = element("h2", { id: "details-title", class: "name" }, title);
    this.dialog.replaceChildren(element("div", { class: "head" }, heading, close), ...content.flat(Infinity));
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    close.focus();
  }

  only(end) {
    this.dialog.close();
    this.showOnly(end);
  }

  noGrant(principal, role) {
    const same = this.data.accountOf(principal) === this.data.accountOf(role) && this.data.accountOf(principal) >= 0;
    return same ? "Within one account this trust needs no grant."
      : "No source describes the principal's own policies: what they grant is not known.";
  }

  side(title, number, none) {
    const found = this.data.statementsOf(number).map((each) => this.statement(each));
    return element("div", {}, element("h3", {}, title), found.length ? found : element("p", { class: "quiet" }, none));
  }

  statement({ owner, kind, policy, label, content }) {
    const noun = { boundary: "permissions boundary", trust: "", scp: "service control policy", rcp: "resource control policy" }[kind] ?? "policy";
    const holder = owner === policy ? "" : ` of ${owner}`;
    const title = `${noun} ${policy}${label === "" ? "" : `, statement ${label}`}${holder}`;
    const text = Object.keys(content).length ? JSON.stringify(content, null, 2) : "no source has this statement";
    return element("div", {}, element("p", { class: "name quiet" }, title.trim()), element("pre", {}, text));
  }

  /** `obstacle` says why the console cannot take this path; empty where it can. */
  link(role, obstacle) {
    const [url, reason] = this.data.roles[this.data.roleOf.get(role)].slice(-2);
    const shown = url && !obstacle ? consoleLink(url, "Switch to this role in the console") : `None: ${obstacle || reason}.`;
    return [element("h3", {}, "Switch-role link"), element("p", {}, shown)];
  }

  permissions(role) {
    const numbers = this.data.roles[this.data.roleOf.get(role)][6];
    const rows = numbers.map((number) => permissionRow(this.data.permissions[number]));
    const head = ["Policy", "Effect", "Actions by access level", "Resources", "Conditions"].map((each) => element("th", { scope: "col" }, each));
    const table = element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows));
    const nothing = element("p", { class: "quiet" }, "Nothing: it has no policy.");
    return [element("h3", {}, "What the role may do"), rows.length ? element("div", { class: "wrap" }, table) : nothing];
  }

  findings(...ends) {
    const found = this.data.findingsOn(...ends).map(([code, severity, , where, message, fix]) =>
      element("li", {}, element("span", { class: severity }, `${code} ${severity}`), ` ${where}: ${message}. Fix: ${fix}`));
    return found.length ? [element("h3", {}, "Findings"), element("ul", {}, found)] : [];
  }
}

function facts(pairs) {
  return element("dl", { class: "facts" },
    pairs.filter(([, value]) => value).map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function permissionRow([policy, label, allows, spared, resourcesSpared, levels, resources, conditions, unknown]) {
  const name = element("td", { class: "name" }, `${policy}${label === "" ? "" : ` [${label}]`}`);
  if (unknown) return element("tr", {}, name, element("td", { colspan: 4 }, `not known: ${unknown}`));
  const actions = levels.map(([level, each]) =>
    element("div", {}, allows ? [levelMark(level), " "] : null, element("span", { class: "name" }, spared ? "all but " : "", listed(each))));
  return element("tr", {}, name, element("td", {}, allows ? "Allow" : element("strong", {}, "Deny")),
    element("td", { class: "actions" }, actions),
    element("td", { class: "name" }, resourcesSpared ? "all but " : "", listed(resources)), element("td", {}, conditions));
}

function levelMark(level) {
  return element("span", { class: `level level-${level}` }, level.replace("-", " "));
}

/** The first of many, the others behind a click. */
function listed(texts, most = 12) {
  if (texts.length <= most) return texts.join(", ");
  const more = element("summary", {}, `and ${texts.length - most} more`);
  return [`${texts.slice(0, most).join(", ")} `, element("details", {}, more, texts.slice(most).join(", "))];
}
