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
