// The report's data: how it is unpacked, and its words. The encoding is that of `crossaccount/report/html.py`.

/** The data as an object. It is in the page as gzip in base64, and needs no network. */
async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

class Data {
  constructor(raw) {
    const { lastUsed, ...others } = raw;
    Object.assign(this, others, { lastUsed_: lastUsed });
    for (const name of Object.keys(this.paths)) this.paths[name] = Int32Array.from(this.paths[name]);
    this.length = this.paths.role.length;
    this.roleOf = new Map(this.roles.map((role, index) => [role[0], index]));
    this.indexed();
  }

  /** What a search looks at: a text for each name and each condition, in lower case, made once. */
  indexed() {
    this.names = this.ends.map(([account, text]) => {
      if (account < 0) return text;
      const name = this.accounts[account][1];
      return text === "root" ? `${name} (the whole account)` : `${name}/${text}`;
    });
    this.endTexts = this.names.map((name, end) => `${name} ${this.arn(end)}`.toLowerCase());
    this.wayTexts = new Map(this.ways.map((way) => [way, [...way[0].map((end) => this.endTexts[end]), ...this.hopWords(way)].join(" ").toLowerCase()]));
    this.conditionTexts = this.conditions.map(([words]) => words.join(" ").toLowerCase());
  }

  /** What each hop of a way asks for. */
  hopWords(way) {
    return way[1].map((word) => this.texts[word]);
  }

  arn(end) {
    const [account, text] = this.ends[end];
    if (account < 0) return text;
    const [id, , partition] = this.accounts[account];
    return `arn:${partition}:iam::${id}:${text}`;
  }

  accountId(end) {
    const account = this.accountOf(end);
    return account < 0 ? "–" : this.accounts[account][0];
  }

  /** The highest access level of a role. */
  level(end) {
    const role = this.roleOf.get(end);
    return (role === undefined ? "" : this.roles[role][5]) || "none";
  }

  /** When a role was last used, in words. */
  lastUsed(end) {
    const role = this.roleOf.get(end);
    return role === undefined ? "unknown" : this.lastUsed_[role];
  }

  /** The owner's words on a path: owner, decision, note. */
  decision(path) {
    return this.decisions[path] ?? ["", "", ""];
  }

  accountOf(end) {
    return this.ends[end][0];
  }

  accountName(account) {
    return account < 0 ? "outside" : this.accounts[account][1];
  }

  words(path) {
    return this.conditions[this.paths.conditions[path]][0];
  }

  /** When AWS ends the path by itself; empty where it does not. */
  end(path) {
    return this.conditions[this.paths.conditions[path]][2];
  }

  isAlways(path) {
    return this.words(path).includes("always");
  }

  statementsOf(side) {
    return this.sides[side].map((number) => {
      const [owner, kind, policy, label, content] = this.statements[number];
      return { owner, kind, policy, label, content };
    });
  }

  findingsOn(...ends) {
    return this.findings.filter((finding) => ends.includes(finding[2]));
  }
}
