// What a browser finds on a page with everything unfolded; sent to the frame's page.
document.querySelectorAll("details").forEach(d => (d.open = true));
const width = document.documentElement.clientWidth;
const outside = e => !e.closest("svg") && e.getBoundingClientRect().right > width + 1;
const cut = [...document.querySelectorAll("main *")].filter(outside).map(e => e.outerHTML.slice(0, 80));

const table = document.querySelector(".sortable");
const head = table.querySelectorAll("th button")[1];
const column = () => [...table.tBodies[0].rows].map(row => row.cells[1].firstChild.textContent);
head.focus();
const focused = document.activeElement === head;
head.click();
const once = column();
head.click();
const twice = column();

// contrast as WCAG 2.1 has it
const linear = v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const rgb = colour => (colour.match(/[\d.]+/g) || []).map(Number);
const behind = e => {
  for (; e; e = e.parentElement) {
    const colour = rgb(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const hasText = e => !e.closest("svg") && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
const contrasts = [...document.querySelectorAll("main *")].filter(hasText).map(e => {
  const [a, b] = [luminance(rgb(getComputedStyle(e).color)) + 0.05, luminance(behind(e)) + 0.05];
  return Math.max(a, b) / Math.min(a, b);
});

const decoded = [...document.images].map(i => i.decode().then(() => true, () => false));
Promise.all(decoded).then(pictures => {
  const plots = document.querySelectorAll("figure svg").length;
  const requests = performance.getEntriesByType("resource").length;
  const contrast = Math.min(...contrasts);
  parent.postMessage(JSON.stringify({width, cut, focused, once, twice, contrast, pictures, plots, requests}), "*");
});
