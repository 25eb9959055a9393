/* What makes the pages quicker. All of them work without it. */

const get = async (address, signal) => {
  const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
  if (!answer.ok && answer.status !== 400) throw new Error(answer.statusText);
  return { text: await answer.text(), address: answer.redirected ? answer.url : address };
};

/* Lists: the same page is fetched, and the part that tells what was found is put in the place of the old one. */
const list = () => document.getElementById("found");
let under_way = null;

const show = async (address, { remember = true, to_top = false } = {}) => {
  under_way?.abort();
  const mine = (under_way = new AbortController());
  list().classList.add("busy");
  try {
    const answer = await get(address, mine.signal);
    const page = new DOMParser().parseFromString(answer.text, "text/html");
    const found = page.getElementById("found");
    if (!found) throw new Error("not a list");
    const focused = document.activeElement;
    const place = list().contains(focused) ? { id: focused.id, name: focused.name, value: focused.value } : null;
    const was_open = list().querySelector(".filters")?.open;
    list().replaceWith(document.adoptNode(found));
    if (was_open) list().querySelector(".filters").open = true;
    if (remember) history.pushState(null, "", answer.address);
    pick_again();
    document.title = page.title;
    const text = page.getElementById("q")?.value;
    // Who types on keeps the text; the way back brings the one that was asked there.
    const is_typing = remember && document.activeElement.id === "q";
    if (text !== undefined && !is_typing) document.getElementById("q").value = text;
    document.getElementById("told").textContent = found.dataset.count;
    if (to_top) {
      window.scrollTo(0, 0);
      const head = document.getElementById("count");
      head.tabIndex = -1;
      head.focus({ preventScroll: true });
    } else if (place) refocus(place);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  } finally {
    if (mine === under_way) list()?.classList.remove("busy");
  }
};

/* What was focused has been replaced by its like; where there is none, the count is next to it. */
const refocus = ({ id, name, value }) => {
  const alike = [...list().querySelectorAll("input, select")].find((each) =>
    id ? each.id === id : each.name === name && each.value === value);
  const target = alike ?? document.getElementById("count");
  if (!alike) target.tabIndex = -1;
  target.focus({ preventScroll: true });
};

const address_of = (form, extra, button) => {
  const pressed = button?.name ? [[button.name, button.value]] : [];
  const pairs = [...new FormData(form), ...pressed, ...extra].filter(([name, value]) => value && !(name === "sort" && value === "relevance"));
  const query = new URLSearchParams(pairs).toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
};

const asked = (text) => {
  const filters = document.getElementById("filters-form");
  filters.querySelector("[name=q]")?.remove();
  return address_of(filters, [["q", text]]);
};

/* What was picked for a comparison stays picked, though the list that it was picked in is gone. */
const picked = new Map();

const pick_again = () => {
  const form = document.getElementById("compare");
  if (!form) return;
  for (const [key, name] of picked) {
    const box = [...list().querySelectorAll(".hit .pick input")].find((each) => each.value === key);
    if (box) box.checked = true;
    else {
      const label = document.createElement("label");
      label.className = "pick";
      const input = Object.assign(document.createElement("input"), { type: "checkbox", name: "name", value: key, checked: true });
      label.append(input, ` ${name}`);
      form.firstElementChild.after(label);
    }
  }
};

if (list()) {
  document.documentElement.classList.add("live");
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.form?.id === "filters-form") show(address_of(target.form, []));
    if (target.form?.id !== "compare") return;
    const name = target.closest(".hit")?.querySelector("h3").textContent ?? picked.get(target.value);
    if (target.checked) picked.set(target.value, name);
    else picked.delete(target.value);
  });
  document.addEventListener("submit", (event) => {
    const { target: { id }, submitter } = event;
    if (submitter?.hasAttribute("formaction")) return;
    if (id === "find" || id === "filters-form") {
      event.preventDefault();
      const text = document.getElementById("q").value.trim();
      const address = id === "find" ? asked(text) : address_of(event.target, [], submitter);
      show(address, { to_top: submitter?.dataset.swap === "top" });
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link.href, { to_top: link.dataset.swap === "top" });
  });
  window.addEventListener("popstate", () => show(location.href, { remember: false }));
}

/* Suggestions: a list under the text, walked through with the arrows. */
const suggest = (box) => {
  const input = box.querySelector("input");
  const options = document.createElement("ul");
  options.className = "options";
  options.id = `${input.id}-options`;
  options.setAttribute("role", "listbox");
  options.setAttribute("aria-label", "Suggestions");
  options.hidden = true;
  box.append(options);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": options.id,
  })) input.setAttribute(name, value);

  let asking = null;
  let timer = 0;
  const chosen = () => options.querySelector("[aria-selected=true]");
  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };
  const ask = async () => {
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      options.innerHTML = (await get(`${box.dataset.suggest}?q=${encodeURIComponent(input.value)}`, mine.signal)).text;
      [...options.children].forEach((option, number) => (option.id = `${options.id}-${number}`));
      const any = options.children.length > 0 && document.activeElement === input;
      options.hidden = !any;
      input.setAttribute("aria-expanded", String(any));
      input.removeAttribute("aria-activedescendant");
    } catch {
      // Suggestions are a convenience: without them one types on. Whoever was overtaken leaves the next one alone.
      if (mine === asking) close();
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim()) timer = setTimeout(ask, 90);
    else close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !options.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !options.hidden) {
      event.preventDefault();
      const all = [...options.children];
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = all.indexOf(chosen()) + step;
      choose(all[next === -2 ? all.length - 1 : next]);
    } else if (event.key === "Enter" && chosen() && !options.hidden) {
      event.preventDefault();
      location.assign(chosen().dataset.address);
    } else if (event.key === "Enter") close();
  });
  input.addEventListener("blur", close);
  options.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) location.assign(option.dataset.address);
  });
};
document.querySelectorAll("[data-suggest]").forEach(suggest);

/* The install line can be taken along. */
for (const line of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const told = document.createElement("span");
  told.className = "unseen";
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.dataset.copy);
      button.textContent = "Copied";
      told.textContent = "The install line was copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; told.textContent = ""; }, 2000);
  });
  line.append(button, told);
}
