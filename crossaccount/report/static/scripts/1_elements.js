// Elements from values. Data reaches the page as text nodes and as attributes of a fixed name, never as markup.

/** An element: `attributes` by name (a function is a listener), children are elements, texts, or nothing. */
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** A button that looks like a link. */
function plainButton(text, onClick, label = null) {
  return element("button", { type: "button", class: "plain", "aria-label": label, click: onClick }, text);
}

/** A link to AWS's console, or its text alone where it is anything else. */
function consoleLink(url, text) {
  if (!/^https:\/\/signin\.[a-z.-]+\/switchrole\?/.test(url)) return element("span", {}, text);
  return element("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text);
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
