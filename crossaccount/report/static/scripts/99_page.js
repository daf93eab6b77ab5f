// The page: reads the data, then answers the search box, the filters, and the links between the views.

class Page {
  constructor(data) {
    this.data = data;
    this.search = new Search(data);
    const showOnly = (end) => this.showOnly(end);
    this.details = new Details(data, { showOnly });
    this.views = views(data, this.search, {
      openPath: (path) => this.details.path(path),
      openRole: (end) => this.details.role(end),
      narrow: (from, to) => this.narrow(from, to),
      showOnly,
    });
    this.form = document.getElementById("filters");
    this.status = document.getElementById("status");
  }

  start() {
    this.head();
    this.accounts();
    document.getElementById("main").append(...this.views.map((each) => each.section));
    document.getElementById("search").addEventListener("input", () => this.filter());
    for (const id of ["from", "to", "asked"]) document.getElementById(id).addEventListener("change", () => this.filter());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("reset", () => setTimeout(() => { this.search.clear(); this.show(); }));
    addEventListener("hashchange", () => this.show(true));
    addEventListener("beforeprint", () => this.print());
    addEventListener("afterprint", () => this.show());
    for (const id of ["filters", "views"]) document.getElementById(id).hidden = false;
    this.show();
  }

  head() {
    const { about, callers, summary } = this.data;
    document.getElementById("about").textContent = about[0];
    if (about.length > 1) {
      const covers = `It covers ${count(about.length - 1, "account")}: which, and how they were read`;
      document.getElementById("about").after(element("details", { id: "covers" }, element("summary", {}, covers),
        element("ul", {}, about.slice(1).map((each) => element("li", {}, each)))));
    }
    const gettingIn = {
      people: ["person who gets in", "people who get in"],
      programs: ["program that gets in", "programs that get in"],
      "whole accounts": ["whole account that gets in", "whole accounts that get in"],
    };
    document.getElementById("summary").append(...callers.map(([kind, number]) =>
      element("div", {}, element("dt", {}, gettingIn[kind][number === 1 ? 0 : 1]), element("dd", {}, number.toLocaleString("en")))));
    const numbers = { accounts: "account", roles: "role", paths: "path", errors: "error", warnings: "warning" };
    document.getElementById("summary").append(...Object.entries(numbers).map(([key, name]) =>
      element("div", {}, element("dt", {}, summary[key] === 1 ? name : `${name}s`), element("dd", {}, summary[key].toLocaleString("en")))));
    document.getElementById("views").append(...this.views.map((each) => element("a", { href: `#${each.name}` }, each.title)));
  }

  accounts() {
    const options = this.data.accounts.map(([id, name], index) => [name === id ? id : `${name} (${id})`, index]);
    options.sort((one, other) => one[0].localeCompare(other[0]));
    for (const id of ["from", "to"]) {
      document.getElementById(id).append(...options.map(([text, value]) => element("option", { value }, text)));
    }
    document.getElementById("from").append(element("option", { value: -1 }, "outside"));
  }

  filter() {
    for (const name of ["text", "from", "to", "asked"]) {
      this.search[name] = document.getElementById(name === "text" ? "search" : name).value;
    }
    this.show();
  }

  narrow(from, to) {
    document.getElementById("from").value = from;
    document.getElementById("to").value = to;
    this.filter();
    this.go("paths");
  }

  /** The paths of one principal or role, whatever was searched for before. */
  showOnly(end) {
    this.form.reset();
    setTimeout(() => { this.search.only = end; this.show(); this.go("paths"); });
  }

  go(name) {
    if (location.hash === `#${name}`) this.show(true);
    else location.hash = name;
  }

  get current() {
    return this.views.find((each) => `#${each.name}` === location.hash) ?? this.views[0];
  }

  show(moveFocus = false) {
    const current = this.current;
    for (const each of this.views) each.section.hidden = each !== current;
    for (const link of document.querySelectorAll("#views a")) {
      if (link.hash === `#${current.name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.showChip();
    this.status.textContent = current.show(this.search.paths());
    if (moveFocus) current.heading.focus();
  }

  showChip() {
    const chip = document.getElementById("only");
    const { only } = this.search;
    chip.hidden = only < 0;
    const all = plainButton("show all", () => { this.search.only = -1; this.show(); });
    chip.replaceChildren(...(only < 0 ? [] : ["Only the paths of ", element("strong", { class: "name" }, this.data.names[only]), ": ", all]));
  }

  print() {
    const found = this.search.paths();
    for (const each of document.querySelectorAll("#covers")) each.open = true;
    for (const each of this.views) {
      each.section.hidden = false;
      each.show(found);
      for (const table of each.tables) table.forPrint();
    }
  }
}

unpacked().then((raw) => new Page(new Data(raw)).start()).catch((error) => {
  document.getElementById("about").textContent = `The data cannot be read: ${error.message}. Use a browser of 2023 or later.`;
  throw error;
});
