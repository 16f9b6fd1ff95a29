/** What draws the chart: plain JavaScript within the page. Names come in as text and never as HTML. */
export const script = `
const { flame, stepMs, matrixRate } = JSON.parse(document.getElementById('data').textContent);
const chart = document.getElementById('flame'), told = document.getElementById('told');
const tip = document.createElement('div');
tip.id = 'tip'; tip.hidden = true; document.body.append(tip);
const link = (block, above, path) => { block.above = above; block.path = path; for (const below of block.inside) link(below, block, [...path, below.name]); };
link(flame, undefined, []);
let root = flame, focused = flame;
const buttons = new Map();
const ms = (x) => (x >= 10 ? x.toFixed(1) : x >= 1 ? x.toFixed(2) : x.toFixed(3)) + ' ms';
const percent = (x) => (100 * x).toFixed(1) + ' %';
const facts = (block) => {
  const calls = block.calls === undefined ? '' : ', ' + (Number.isInteger(block.calls) ? block.calls : block.calls.toFixed(1)) + (block.calls === 1 ? ' call' : ' calls');
  const rate = block.rate === undefined ? '' : ', ' + block.rate.toPrecision(3) + ' GFLOP/s (' + percent(block.rate / matrixRate) + ' of a product of matrices)';
  return ms(block.ms) + ', ' + percent(block.ms / stepMs) + ' of the step' + calls + rate;
};
const title = (block) => block.path.length === 0 ? 'step' : block.path.join(' › ');
const depthOf = (block) => { let most = 0; for (const below of block.inside) most = Math.max(most, 1 + depthOf(below)); return most; };
const inView = (block) => { for (let at = block; at; at = at.above) if (at === root) return true; return false; };
function draw() {
  chart.replaceChildren(); buttons.clear();
  const width = chart.clientWidth, height = 26;
  const above = [];
  for (let at = root.above; at; at = at.above) above.unshift(at);
  above.forEach((block, i) => put(block, 0, width, i));
  const place = (block, left, wide, level) => {
    put(block, left, wide, level);
    let at = left;
    for (const below of block.inside) {
      const share = block.ms > 0 ? wide * below.ms / block.ms : 0;
      if (share >= 1) place(below, at, share, level + 1);
      at += share;
    }
  };
  place(root, 0, width, above.length);
  chart.style.height = height * (above.length + 1 + depthOf(root)) + 'px';
  if (!buttons.has(focused)) focused = root;
  for (const [block, button] of buttons) button.tabIndex = block === focused ? 0 : -1;
}
function put(block, left, wide, level) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = block.phase + (wide < 30 ? ' narrow' : '');
  if (wide >= 30) button.textContent = block.name + (wide > 160 ? '  ' + percent(block.ms / stepMs) : '');
  button.setAttribute('role', 'treeitem');
  button.setAttribute('aria-level', String(level + 1));
  button.setAttribute('aria-label', title(block) + ': ' + facts(block));
  Object.assign(button.style, { left: left + 'px', width: wide + 'px', top: 26 * level + 'px' });
  button.onclick = () => zoom(block);
  button.onfocus = () => { focused = block; for (const [other, one] of buttons) one.tabIndex = other === block ? 0 : -1; told.textContent = title(block) + ': ' + facts(block); };
  button.onmousemove = (event) => {
    tip.hidden = false;
    tip.textContent = title(block) + '\\n' + facts(block);
    const { offsetWidth, offsetHeight } = tip;
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - offsetWidth - 8)) + 'px';
    tip.style.top = (event.clientY + 18 + offsetHeight > innerHeight ? event.clientY - offsetHeight - 10 : event.clientY + 18) + 'px';
  };
  button.onmouseleave = () => { tip.hidden = true; };
  chart.append(button);
  buttons.set(block, button);
}
function zoom(block) {
  tip.hidden = true;
  root = block; focused = block;
  draw();
  buttons.get(block).focus();
}
function beside(block, by) {
  const row = block.above && block !== root && inView(block) ? block.above.inside.filter((other) => buttons.has(other)) : [block];
  return row[row.indexOf(block) + by];
}
chart.onkeydown = (event) => {
  const next = {
    ArrowUp: () => focused.above,
    ArrowDown: () => focused.inside.find((block) => buttons.has(block)) ?? (above(focused) ? below(focused) : undefined),
    ArrowLeft: () => beside(focused, -1),
    ArrowRight: () => beside(focused, 1),
    Home: () => flame,
  }[event.key];
  if (event.key === 'Escape') { event.preventDefault(); if (root.above) { const was = root; zoom(root.above); buttons.get(was)?.focus(); } return; }
  if (!next) return;
  event.preventDefault();
  buttons.get(next())?.focus();
};
const above = (block) => { for (let at = root.above; at; at = at.above) if (at === block) return true; return false; };
const below = (block) => { for (let at = root; at; at = at.above) if (at.above === block) return at; };
addEventListener('resize', draw);
draw();
`;
