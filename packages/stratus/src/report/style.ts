/** The looks of a page: light or dark, as the reader has it. */
export const style = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b2430;--soft:#5b6878;--line:#e2e6ec;--accent:#2f6fde;--accent-soft:#cfdffa;--warm:#d9482b;--amber:#b7791f;--amber-soft:#fdf3dc}
@media(prefers-color-scheme:dark){:root{--page:#10141a;--card:#181e27;--text:#e6eaf0;--soft:#93a1b3;--line:#2a3340;--accent:#6ea1ff;--accent-soft:#27395c;--warm:#ff7a5c;--amber:#e8b44c;--amber-soft:#33290f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1240px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
main{padding-bottom:64px}
h1{font-size:28px;line-height:1.2;margin:0 0 18px;overflow-wrap:anywhere}
h2{font-size:17px;margin:36px 0 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px}
.tile,.panel,article,.hints li{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile{padding:14px 18px}
.tile b{display:block;font-size:25px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
.panel{padding:18px;max-width:640px}
.panel.wide{max-width:100%;width:fit-content;min-width:320px;overflow-x:auto}
.hints{list-style:none;margin:0;padding:0;display:grid;gap:8px}
.hints li{padding:9px 14px 9px 12px;border-left:4px solid var(--amber)}
.hints .constant,.hints .empty-column,.hints .infinite{border-left-color:var(--warm)}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--amber-soft);color:var(--text);border-radius:5px;padding:1px 6px;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:14px}
article{padding:16px 18px;display:flex;flex-direction:column;min-width:0}
article.target{border-color:var(--accent)}
h3{display:flex;align-items:center;gap:8px;margin:0 0 10px;font-size:15px;min-width:0}
h3>span:first-child{flex:1;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.kind{font-size:11.5px;font-weight:600;padding:2px 8px;border-radius:99px;background:var(--accent-soft);color:var(--accent);white-space:nowrap}
.kind.text{background:var(--amber-soft);color:var(--amber)}
.kind.mixed,.kind.empty{background:var(--line);color:var(--warm)}
.kind.aim{background:var(--accent);color:var(--card)}
.missing{margin:0 0 10px;font-size:12.5px;color:var(--soft);display:flex;align-items:center;gap:8px}
.missing span{flex:1;height:6px;border-radius:3px;background:var(--line);overflow:hidden}
.missing i{display:block;height:100%;min-width:2px;background:var(--amber)}
.missing.much{color:var(--warm)}.missing.much i{background:var(--warm)}
figure{margin:0 0 12px}
figure svg{display:block;width:100%;height:auto}
figcaption{display:flex;justify-content:space-between;color:var(--soft);font-size:12px;font-variant-numeric:tabular-nums;margin-top:2px}
.bar{fill:var(--accent)}.bar:hover{fill:var(--warm)}
.box{fill:var(--accent-soft)}.whisker{stroke:var(--soft);stroke-width:1}.median{stroke:var(--warm);stroke-width:2}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(66px,1fr));gap:8px 8px;margin:auto 0 0;padding-top:10px;border-top:1px solid var(--line)}
dt{color:var(--soft);font-size:11.5px}
dd{margin:0;font-size:13.5px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.bars{list-style:none;margin:0 0 12px;padding:0;display:grid;gap:6px;font-size:13px}
.bars li{display:grid;grid-template-columns:minmax(60px,34%) 1fr auto 48px;gap:10px;align-items:center}
.bars .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track{height:12px}
.track i{display:block;height:100%;min-width:2px;border-radius:3px;background:var(--accent)}
.bars .n{text-align:right;color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}
.bars .more{display:block;color:var(--soft)}
.heat{display:block;max-width:100%;height:auto;font-size:12px}
.heat text{fill:var(--soft)}.heat .r{fill:var(--text);font-size:10.5px;text-anchor:middle;pointer-events:none}.heat .r.strong{fill:var(--card)}
.positive{fill:var(--accent);background:var(--accent)}.negative{fill:var(--warm);background:var(--warm)}.none{fill:var(--line);background:var(--line)}
.legend{color:var(--soft);font-size:12.5px;margin:6px 0 0}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin:0 4px 0 10px;vertical-align:-1px}
`;
