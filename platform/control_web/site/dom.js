// Elements without markup: text is always text, so nothing that a run writes can become part of the page.

/** An element. `about` are attributes; names that begin with `on` are listeners; null and false are left out. */
export function h(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Say something to those who listen instead of looking. */
export function tell(text) {
  const told = document.getElementById("told");
  told.textContent = "";
  requestAnimationFrame(() => { told.textContent = text; });
}

/** Wait so many milliseconds, or until the view is left: then this never goes on. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
