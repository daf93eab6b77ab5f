// The picture: principals on the left, roles on the right, a line for each path, or for all between two accounts.

const PICTURE_MOST = 30;
const [NODE_WIDTH, NODE_HEIGHT, STEP, GAP] = [380, 24, 32, 300];

function picture(data, found) {
  if (!found.length) return element("p", {}, "nothing found");
  const groups = grouped(data, found, PICTURE_MOST);
  const [width, top] = [2 * NODE_WIDTH + GAP, 30];
  const height = top + STEP * Math.max(groups.rows.length, groups.columns.length);
  const [left, right] = [groups.rows, groups.columns].map((side) =>
    side.map((_, index) => top + ((height - top) / side.length) * (index + 0.5)));
  const lines = [...groups.cells.values()].map((cell) => line(cell, left[cell.row], right[cell.column]));
  const nodes = [...groups.rows.map((each, index) => node(each, 0, left[index], groups.single)),
    ...groups.columns.map((each, index) => node(each, NODE_WIDTH + GAP, right[index], groups.single))];
  const titles = [drawn("text", { class: "title", x: 0, y: 14 }, groups.single ? "Who" : "Accounts of principals"),
    drawn("text", { class: "title", x: NODE_WIDTH + GAP, y: 14 }, groups.single ? "Roles" : "Accounts of roles")];
  const label = `${count(found.length, "path")} from ${groups.rows.length} on the left to ${groups.columns.length} on the right; ` +
    "the matrix and the list of paths say the same in words";
  const key = groups.single ? "A full line works always, a dashed one on conditions."
    : "Added up by account; the thicker, the more paths. Dashed: all of them on conditions. Narrow the search to see users and roles.";
  return [element("p", { class: "quiet" }, key), element("div", { class: "wrap" },
    drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, lines, nodes, titles))];
}

function node(each, x, y, single) {
  const name = single ? each.name : `${each.name} (${each.paths.toLocaleString("en")})`;
  return drawn("g", {}, drawn("title", {}, name),
    drawn("rect", { x, y: y - NODE_HEIGHT / 2, width: NODE_WIDTH, height: NODE_HEIGHT, rx: 4 }),
    drawn("text", { x: x + 8, y: y + 4 }, shortened(name)));
}

function line(cell, from, to) {
  const [x1, x2, middle] = [NODE_WIDTH, NODE_WIDTH + GAP, NODE_WIDTH + GAP / 2];
  const d = `M${x1},${from} C${middle},${from} ${middle},${to} ${x2},${to}`;
  return drawn("path", { d, "stroke-width": 1.5 + Math.log10(cell.paths), class: cell.always ? null : "conditional" });
}

/** Both ends of a name tell more than its beginning. */
function shortened(name, most = 50) {
  return name.length <= most ? name : `${name.slice(0, most / 2 - 1)}…${name.slice(1 - most / 2)}`;
}

const LANES_MOST = 20;
const [LANE_WIDTH, LANE_GAP, LANE_STEP] = [230, 60, 44];

/** Ways through other roles, one below the other: who → via → role, with what a hop asks for above its line. */
function lanes(data, ways) {
  if (!ways.length) return [];
  const shown = ways.slice(0, LANES_MOST);
  const most = Math.max(...shown.map(([stations]) => stations.length));
  const [width, height] = [most * LANE_WIDTH + (most - 1) * LANE_GAP, shown.length * LANE_STEP];
  const left = ways.length - shown.length;
  const label = `${count(shown.length, "way")} through other roles; the list of ways says the same in words`;
  return [element("h3", {}, "Through other roles"),
    element("p", { class: "quiet" }, left ? `The first ${shown.length}; ${left.toLocaleString("en")} more are in the list of ways.` : "A full line works always, a dashed one on conditions."),
    element("div", { class: "wrap", tabindex: "0" }, drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "ways" },
      shown.map((way, row) => lane(data, way, row * LANE_STEP + LANE_STEP / 2))))];
}

function lane(data, way, y) {
  const words = data.hopWords(way);
  return way[0].map((end, index) => {
    const x = index * (LANE_WIDTH + LANE_GAP);
    const box = drawn("g", {}, drawn("title", {}, data.names[end]),
      drawn("rect", { x, y: y - NODE_HEIGHT / 2, width: LANE_WIDTH, height: NODE_HEIGHT, rx: 4 }),
      drawn("text", { x: x + 8, y: y + 4 }, shortened(data.names[end], 30)));
    if (!index) return box;
    const asked = words[index - 1];
    return [drawn("g", {}, drawn("title", {}, asked),
      drawn("path", { d: `M${x - LANE_GAP},${y} H${x - 2}`, "stroke-width": 1.5, class: asked === "always" ? null : "conditional" })), box];
  });
}
