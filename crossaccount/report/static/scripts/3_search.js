// What the search box and the filters leave.

class Search {
  constructor(data) {
    this.data = data;
    this.clear();
  }

  clear() {
    Object.assign(this, { text: "", from: "", to: "", asked: "", only: -1 });
  }

  get words() {
    return this.text.toLowerCase().split(/\s+/).filter(Boolean);
  }

  /** The numbers of the paths that are left: every word is in the principal, the role or the conditions. */
  paths() {
    const { principal, role, conditions } = this.data.paths;
    const masks = this.words.map((word) => [mask(this.data.endTexts, word), mask(this.data.conditionTexts, word)]);
    const asked = this.askedMask();
    const [from, to] = [this.from, this.to].map((each) => (each === "" ? null : Number(each)));
    const found = [];
    for (let path = 0; path < this.data.length; path++) {
      const [p, r, c] = [principal[path], role[path], conditions[path]];
      if (!asked[c] || (this.only >= 0 && p !== this.only && r !== this.only)) continue;
      if (from !== null && this.data.ends[p][0] !== from) continue;
      if (to !== null && this.data.ends[r][0] !== to) continue;
      if (masks.every(([ends, words]) => ends[p] || ends[r] || words[c])) found.push(path);
    }
    return found;
  }

  /** The ways that are left: every word is in one of those on the way, or in what a hop asks for. */
  ways() {
    const [from, to] = [this.from, this.to].map((each) => (each === "" ? null : Number(each)));
    return this.rows(this.data.ways, (way) => this.data.wayTexts.get(way)).filter(([stations, ...rest]) => {
      if (this.only >= 0 && !stations.includes(this.only)) return false;
      if (from !== null && this.data.ends[stations[0]][0] !== from) return false;
      if (to !== null && this.data.ends[stations.at(-1)][0] !== to) return false;
      const words = this.data.hopWords([stations, ...rest]);
      const always = words.every((each) => each === "always");
      const mfa = words.some((each) => each.includes("MFA") || each.includes("MultiFactorAuth"));
      return { "": true, always, conditional: !always, "without-mfa": !mfa }[this.asked];
    });
  }

  /** Those of `rows` whose text, as `textOf` gives it, has every word of the search. */
  rows(rows, textOf) {
    const words = this.words;
    if (!words.length) return rows;
    return rows.filter((row) => {
      const text = textOf(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  askedMask() {
    const fits = {
      "": () => true,
      always: (words) => words.includes("always"),
      conditional: (words) => !words.includes("always"),
      "without-mfa": (words) => words.some((each) => !each.includes("MFA") && !each.includes("MultiFactorAuth")),
    }[this.asked];
    return Uint8Array.from(this.data.conditions, ([words]) => (fits(words) ? 1 : 0));
  }
}

function mask(texts, word) {
  return Uint8Array.from(texts, (text) => (text.includes(word) ? 1 : 0));
}
