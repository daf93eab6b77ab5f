// A table in pages: real rows and cells, as many as a person can look at, however many there are.

const PAGE = 100;
const PRINTED = 2000;

/** The class of a column that has one. */
function classOf(column) {
  return Array.isArray(column) ? column[1] : null;
}

class PagedTable {
  /** `columns` are headings, or pairs of a heading and a class; `cells(row)` gives a row's cells, the first of which heads the row. */
  constructor(caption, columns, cells) {
    this.cells = cells;
    this.classes = columns.map(classOf);
    this.rows = [];
    this.page = 0;
    this.body = element("tbody");
    const head = element("thead", {}, element("tr", {}, columns.map((each) => element("th", { scope: "col", class: classOf(each) }, [each].flat()[0]))));
    const table = element("table", {}, element("caption", { class: "said" }, caption), head, this.body);
    this.range = element("span", {});
    this.previous = element("button", { type: "button", click: () => this.turn(-1) }, "Previous");
    this.next = element("button", { type: "button", click: () => this.turn(1) }, "Next");
    const pages = element("nav", { class: "pages", "aria-label": `Pages: ${caption}` }, this.previous, this.range, this.next);
    this.nodes = [element("div", { class: "wrap" }, table), pages];
  }

  show(rows) {
    this.rows = rows;
    this.page = 0;
    this.draw();
  }

  turn(by) {
    this.page += by;
    this.draw();
    this.body.closest("section").scrollIntoView({ block: "start" });
  }

  draw(size = PAGE) {
    const first = this.page * PAGE;
    const shown = this.rows.slice(first, first + size);
    this.body.replaceChildren(...shown.map((row) => this.row(row)));
    this.range.textContent = this.rows.length
      ? `${(first + 1).toLocaleString("en")}–${(first + shown.length).toLocaleString("en")} of ${this.rows.length.toLocaleString("en")}`
      : "nothing found";
    this.previous.disabled = this.page === 0;
    this.next.disabled = first + PAGE >= this.rows.length;
  }

  row(row) {
    const [first, ...others] = this.cells(row);
    return element("tr", {}, element("th", { scope: "row" }, first), others.map((each, index) => element("td", { class: this.classes[index + 1] }, each)));
  }

  /** Paper has no next page to turn to: more rows, from the first on. */
  forPrint() {
    this.page = 0;
    this.draw(PRINTED);
  }
}
