// Elements of the page. Text from a study becomes a text node, never HTML.
const SVG = 'http://www.w3.org/2000/svg';

// Return an HTML element; children are elements or text. A key that begins with `on` is a listener.
function make(tag, attributes = {}, ...children) { return furnish(document.createElement(tag), attributes, children); }

// Return an SVG element.
function shape(tag, attributes = {}, ...children) { return furnish(document.createElementNS(SVG, tag), attributes, children); }

function furnish(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Write below the heading of a card what exactly its picture shows.
function about(id, text) { document.getElementById(`${id}-about`).textContent = text; }

// Have a screen reader say what changed.
function say(text) { document.getElementById('say').textContent = text; }
