// Paths added up, for the matrix and the picture: one by one where they are few, by account where they are many.

/** `most` ends on each side; what is beyond is one row, or one column, of all others. */
function grouped(data, found, most) {
  const sides = ["principal", "role"].map((name) => distinct(found, (path) => data.paths[name][path]));
  const single = sides.every((each) => each.size <= most);
  const keyOf = single ? (end) => end : (end) => data.accountOf(end);
  const nameOf = single ? (end) => data.names[end] : (account) => data.accountName(account);
  const [rows, columns] = ["principal", "role"].map((name) =>
    ranked(found, (path) => keyOf(data.paths[name][path]), nameOf, most));
  const cells = new Map();
  for (const path of found) {
    const row = rows.place(keyOf(data.paths.principal[path]));
    const column = columns.place(keyOf(data.paths.role[path]));
    const key = row * 1e6 + column;
    const cell = cells.get(key) ?? { row, column, paths: 0, always: 0, first: path };
    cell.paths += 1;
    cell.always += data.isAlways(path) ? 1 : 0;
    cells.set(key, cell);
  }
  return { single, rows: rows.items, columns: columns.items, cells };
}

function distinct(found, keyOf) {
  const keys = new Set();
  for (const path of found) keys.add(keyOf(path));
  return keys;
}

/** The keys with the most paths, by name, and where each path's key is placed. */
function ranked(found, keyOf, nameOf, most) {
  const paths = new Map();
  for (const path of found) paths.set(keyOf(path), (paths.get(keyOf(path)) ?? 0) + 1);
  const order = [...paths].sort((one, other) => other[1] - one[1]).map(([key]) => key);
  const kept = order.slice(0, most).sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
  const items = kept.map((key) => ({ key, name: nameOf(key), paths: paths.get(key) }));
  const rest = order.slice(most);
  if (rest.length) {
    const sum = rest.reduce((total, key) => total + paths.get(key), 0);
    items.push({ key: null, name: `${rest.length.toLocaleString("en")} others`, paths: sum });
  }
  const places = new Map(kept.map((key, index) => [key, index]));
  return { items, place: (key) => places.get(key) ?? kept.length };
}
