// The calls of a canvas that the map's pictures use, written down as SVG: one drawing code for the page and for papers.
class SvgContext {
  constructor(width, height) {
    Object.assign(this, {
      width, height, parts: [], path: [], clips: 0, open: [0], dash: [], saved: [],
      fillStyle: '#000', strokeStyle: '#000', lineWidth: 1, globalAlpha: 1, font: '12px sans-serif',
      textAlign: 'left', textBaseline: 'alphabetic', lineJoin: 'miter', lineCap: 'butt', imageSmoothingEnabled: true,
    });
  }

  beginPath() { this.path = []; }
  moveTo(x, y) { this.path.push(`M${shortNumber(x)} ${shortNumber(y)}`); }
  lineTo(x, y) { this.path.push(`L${shortNumber(x)} ${shortNumber(y)}`); }
  closePath() { this.path.push('Z'); }
  rect(x, y, width, height) { this.path.push(`M${shortNumber(x)} ${shortNumber(y)}h${shortNumber(width)}v${shortNumber(height)}h${shortNumber(-width)}Z`); }
  // Whole circles only.
  arc(x, y, r) { this.path.push(`M${shortNumber(x - r)} ${shortNumber(y)}a${shortNumber(r)} ${shortNumber(r)} 0 1 0 ${shortNumber(2 * r)} 0a${shortNumber(r)} ${shortNumber(r)} 0 1 0 ${shortNumber(-2 * r)} 0`); }

  fill(rule) { this.add('path', {d: this.path.join(''), 'fill-rule': rule || 'nonzero', ...this.filling()}); }
  stroke() { this.add('path', {d: this.path.join(''), fill: 'none', ...this.stroking()}); }
  fillRect(x, y, width, height) { this.add('rect', {x: shortNumber(x), y: shortNumber(y), width: shortNumber(width), height: shortNumber(height), ...this.filling()}); }
  fillText(text, x, y) { this.add('text', {x: shortNumber(x), y: shortNumber(y), ...this.lettering(), ...this.filling()}, text); }
  strokeText(text, x, y) { this.add('text', {x: shortNumber(x), y: shortNumber(y), ...this.lettering(), fill: 'none', ...this.stroking()}, text); }
  drawImage(canvas, x, y, width, height) {
    this.add('image', {x: shortNumber(x), y: shortNumber(y), width: shortNumber(width), height: shortNumber(height), opacity: this.globalAlpha,
      preserveAspectRatio: 'none', href: canvas.toDataURL('image/png')});
  }

  clip() {
    const name = `part${this.clips++}`;
    this.parts.push(`<clipPath id="${name}"><path d="${this.path.join('')}"/></clipPath><g clip-path="url(#${name})">`);
    this.open[this.open.length - 1]++;
  }
  save() {
    const {fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, lineJoin, lineCap, dash} = this;
    this.saved.push({fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, lineJoin, lineCap, dash});
    this.open.push(0);
  }
  restore() {
    this.parts.push('</g>'.repeat(this.open.pop()));
    Object.assign(this, this.saved.pop());
  }
  setLineDash(dash) { this.dash = dash; }
  measureText(text) {
    return Object.assign(rulerOfWords(), {font: this.font}).measureText(text);
  }

  filling() { return {fill: this.fillStyle, 'fill-opacity': this.globalAlpha}; }
  stroking() {
    return {stroke: this.strokeStyle, 'stroke-opacity': this.globalAlpha, 'stroke-width': shortNumber(this.lineWidth),
      'stroke-linejoin': this.lineJoin, 'stroke-linecap': this.lineCap, 'stroke-dasharray': this.dash.join(' ') || 'none'};
  }
  lettering() {
    const anchors = {left: 'start', start: 'start', center: 'middle', right: 'end', end: 'end'};
    const lines = {middle: 'central', top: 'hanging', bottom: 'text-after-edge'};
    return {style: `font:${this.font}`, 'text-anchor': anchors[this.textAlign], 'dominant-baseline': lines[this.textBaseline] || 'auto'};
  }

  add(tag, attributes, text) {
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('');
    this.parts.push(text === undefined ? `<${tag}${written}/>` : `<${tag}${written}>${escapeXml(text)}</${tag}>`);
  }
  toString() {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" ` +
      `viewBox="0 0 ${this.width} ${this.height}">${this.parts.join('')}${'</g>'.repeat(this.open[0])}</svg>`;
  }
}

// Return a canvas on which nothing is drawn: it measures words.
function rulerOfWords() { return remember(look, 'ruler', () => document.createElement('canvas').getContext('2d')); }

function shortNumber(number) { return String(Math.round(number * 100) / 100); }

// What XML has no way to write, such as control characters, is left out.
function escapeXml(value) {
  const letters = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
  return String(value).replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '').replace(/[&<>"']/g, letter => letters[letter]);
}
