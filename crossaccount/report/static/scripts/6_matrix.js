// The matrix: who on the left, what on top, and in the cells whether, or how often.

const MATRIX_MOST = 40;

function matrix(data, found, { openPath, narrow }) {
  const groups = grouped(data, found, MATRIX_MOST);
  const heads = groups.columns.map((each) => element("th", { scope: "col", class: "name" }, each.name));
  const body = groups.rows.map((row, r) => {
    const cells = groups.columns.map((column, c) => {
      const cell = groups.cells.get(r * 1e6 + c);
      return element("td", {}, cell ? matrixCell(groups, cell, row, column, { openPath, narrow }) : null);
    });
    return element("tr", {}, element("th", { scope: "row", class: "name" }, row.name), cells);
  });
  const caption = groups.single
    ? "Who can assume which role: ● always, ○ on conditions"
    : "How many paths lead from account to account, in bold where some always work; narrow the search to see users and roles";
  const head = element("tr", {}, element("td", {}), heads);
  const table = element("table", { class: "matrix" },
    element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, body));
  return found.length ? element("div", { class: "wrap", tabindex: "0", role: "region", "aria-label": "Matrix" }, table)
    : element("p", {}, "nothing found");
}

function matrixCell(groups, cell, row, column, { openPath, narrow }) {
  const always = cell.always > 0;
  const label = `${row.name} to ${column.name}: ${groups.single ? (always ? "always" : "on conditions") : count(cell.paths, "path")}`;
  const text = groups.single ? (always ? "●" : "○") : cell.paths.toLocaleString("en");
  if (!groups.single && (row.key === null || column.key === null)) return text;
  const click = () => (groups.single ? openPath(cell.first) : narrow(row.key, column.key));
  return element("button", { type: "button", class: always ? "always" : null, "aria-label": label, title: label, click }, text);
}
