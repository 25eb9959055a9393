/* Enhancements. All pages work without this script. */

const fetchHtml = async (url, signal) => {
  const response = await fetch(url, { signal, headers: { Accept: "text/html" } });
  // Status 400: a list that ignores a part of the query.
  if (!response.ok && response.status !== 400) throw new Error(response.statusText);
  return { html: await response.text(), url: response.redirected ? response.url : url };
};

/* Lists: fetch the same page with other parameters, and replace the results only. */
const results = () => document.getElementById("results");
let pending = null;

const loadPage = async (url, { addToHistory = true, scrollToTop = false } = {}) => {
  pending?.abort();
  const controller = (pending = new AbortController());
  results().classList.add("busy");
  try {
    const response = await fetchHtml(url, controller.signal);
    const page = new DOMParser().parseFromString(response.html, "text/html");
    const newResults = page.getElementById("results");
    if (!newResults) throw new Error("the response is not a list");
    const active = document.activeElement;
    const focused = results().contains(active) ? { id: active.id, name: active.name, value: active.value } : null;
    const wasOpen = results().querySelector(".filters")?.open;
    results().replaceWith(document.adoptNode(newResults));
    if (wasOpen) results().querySelector(".filters").open = true;
    if (addToHistory) history.pushState(null, "", response.url);
    restorePicks();
    document.title = page.title;
    const text = page.getElementById("q")?.value;
    // Keep what the user is typing; navigation in the history restores the text of that search.
    const isTyping = addToHistory && document.activeElement.id === "q";
    if (text !== undefined && !isTyping) document.getElementById("q").value = text;
    document.getElementById("status-text").textContent = newResults.dataset.count;
    if (scrollToTop) {
      window.scrollTo(0, 0);
      const heading = document.getElementById("count");
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    } else if (focused) restoreFocus(focused);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  } finally {
    if (controller === pending) results()?.classList.remove("busy");
  }
};

/* Focus the same control in the new results, or the count if it is gone. */
const restoreFocus = ({ id, name, value }) => {
  const match = [...results().querySelectorAll("input, select")].find((control) =>
    id ? control.id === id : control.name === name && control.value === value);
  const target = match ?? document.getElementById("count");
  if (!match) target.tabIndex = -1;
  target.focus({ preventScroll: true });
};

const formUrl = (form, extraPairs, button) => {
  const pressed = button?.name ? [[button.name, button.value]] : [];
  const pairs = [...new FormData(form), ...pressed, ...extraPairs]
    .filter(([name, value]) => value && !(name === "sort" && value === "relevance"));
  const query = new URLSearchParams(pairs).toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
};

const searchUrl = (text) => {
  const filters = document.getElementById("filters-form");
  filters.querySelector("[name=q]")?.remove();
  return formUrl(filters, [["q", text]]);
};

/* Packages picked for a comparison stay picked when the list changes. */
const picked = new Map();

const restorePicks = () => {
  const form = document.getElementById("compare");
  if (!form) return;
  for (const [key, name] of picked) {
    const checkbox = [...results().querySelectorAll(".hit .pick input")].find((input) => input.value === key);
    if (checkbox) checkbox.checked = true;
    else {
      const label = document.createElement("label");
      label.className = "pick";
      const input = Object.assign(document.createElement("input"), { type: "checkbox", name: "name", value: key, checked: true });
      label.append(input, ` ${name}`);
      form.firstElementChild.after(label);
    }
  }
};

if (results()) {
  document.documentElement.classList.add("live");
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.form?.id === "filters-form") loadPage(formUrl(target.form, []));
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
      const url = id === "find" ? searchUrl(text) : formUrl(event.target, [], submitter);
      loadPage(url, { scrollToTop: submitter?.dataset.swap === "top" });
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    loadPage(link.href, { scrollToTop: link.dataset.swap === "top" });
  });
  window.addEventListener("popstate", () => loadPage(location.href, { addToHistory: false }));
}

/* Suggestions: a list below the search field, with arrow keys. */
const addSuggestions = (box) => {
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

  let request = null;
  let timer = 0;
  const selected = () => options.querySelector("[aria-selected=true]");
  const close = () => {
    clearTimeout(timer);
    request?.abort();
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const select = (option) => {
    selected()?.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };
  const load = async () => {
    request?.abort();
    const controller = (request = new AbortController());
    try {
      const url = `${box.dataset.suggest}?q=${encodeURIComponent(input.value)}`;
      options.innerHTML = (await fetchHtml(url, controller.signal)).html;
      [...options.children].forEach((option, number) => (option.id = `${options.id}-${number}`));
      const isOpen = options.children.length > 0 && document.activeElement === input;
      options.hidden = !isOpen;
      input.setAttribute("aria-expanded", String(isOpen));
      input.removeAttribute("aria-activedescendant");
    } catch {
      // Search works without suggestions. An aborted request must not close the list of the next one.
      if (controller === request) close();
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim()) timer = setTimeout(load, 90);
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
      const next = all.indexOf(selected()) + step;
      select(all[next === -2 ? all.length - 1 : next]);
    } else if (event.key === "Enter" && selected() && !options.hidden) {
      event.preventDefault();
      location.assign(selected().dataset.url);
    } else if (event.key === "Enter") close();
  });
  input.addEventListener("blur", close);
  options.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) location.assign(option.dataset.url);
  });
};
document.querySelectorAll("[data-suggest]").forEach(addSuggestions);

/* A button that copies the install command. */
for (const line of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const status = document.createElement("span");
  status.className = "unseen";
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.dataset.copy);
      button.textContent = "Copied";
      status.textContent = "Install command copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2000);
  });
  line.append(button, status);
}
