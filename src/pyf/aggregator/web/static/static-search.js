/* The search of a site without a server: filters the list of packages.js. */

const MAX_SHOWN = 200;
const params = new URLSearchParams(location.search);
const text = params.get("q") ?? "";
const versions = [...params.getAll("framework"), ...params.getAll("python")];
const bands = { excellent: [80, 101], good: [60, 80], fair: [40, 60], poor: [0, 40] };
const band = bands[params.get("health")];

const fold = (value) => value.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const words = fold(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/* Every word must occur: in the name for three points, in the summary for one. 0 means no match. */
const rate = (name, summary) => {
  const [inName, inSummary] = [fold(name), fold(summary)];
  let score = fold(text) === inName ? 10 : 1;
  for (const word of words) {
    if (inName.includes(word)) score += 3;
    else if (inSummary.includes(word)) score += 1;
    else return 0;
  }
  return score;
};

const createElement = (tag, className, content) => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = content;
  return element;
};

const createItem = ([name, version, summary, health, downloads, , url]) => {
  const item = document.createElement("li");
  const about = createElement("div", "about", "");
  const link = createElement("a", "", name);
  link.href = `../${url}`;
  const description = createElement("p", "summary", summary || "No summary");
  description.dir = "auto";
  about.append(link, ` ${version}`, description);
  const score = createElement("span", "number", health === null ? "?" : `health ${health}`);
  const usage = createElement("span", "number", downloads ? `${downloads.toLocaleString("en")} a month` : "");
  item.append(score, about, usage);
  return item;
};

const matches = window.pyfPackages
  .map((entry, position) => ({ entry, position, score: rate(entry[0], entry[2] ?? "") }))
  .filter(({ entry, score }) =>
    score > 0 &&
    versions.every((version) => entry[5].some((known) => known === version || known.startsWith(`${version}.`))) &&
    (!band || (entry[3] !== null && entry[3] >= band[0] && entry[3] < band[1])))
  .sort((a, b) => b.score - a.score || a.position - b.position);

document.getElementById("needs-script").remove();
document.getElementById("find").hidden = false;
document.getElementById("q").value = text;
document.getElementById("count").textContent =
  `${matches.length.toLocaleString("en")} ${matches.length === 1 ? "package" : "packages"}` +
  (versions.length ? ` for ${versions.join(", ")}` : "");
document.getElementById("clear-filters").hidden = !location.search;
document.getElementById("packages").append(...matches.slice(0, MAX_SHOWN).map(({ entry }) => createItem(entry)));
