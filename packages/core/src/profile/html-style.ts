/** The looks of the page: light or dark, as the reader has it. */
export const style = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b2430;--soft:#5b6878;--line:#e2e6ec;--accent:#2f6fde;--ink:#14202e;
--data:#f2c14e;--forward:#8db8f5;--backward:#f2a58e;--update:#a5d6a0;--engine:#c3b8ea;--host:#c5ccd6;--callbacks:#eab5d3;--step:#dfe4ea}
@media(prefers-color-scheme:dark){:root{--page:#10141a;--card:#181e27;--text:#e6eaf0;--soft:#93a1b3;--line:#2a3340;--accent:#6ea1ff;--ink:#0d131a;
--data:#d9a83a;--forward:#6f9fe3;--backward:#dc8a72;--update:#86bd80;--engine:#a598d8;--host:#98a4b3;--callbacks:#d193b8;--step:#a9b4c2}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1240px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
header p{margin:0;color:var(--soft);font-size:13.5px}
main{padding-bottom:64px}
h1{font-size:28px;line-height:1.2;margin:0 0 10px;overflow-wrap:anywhere}
h2{font-size:17px;margin:36px 0 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px;margin-top:20px}
.tile,.panel{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile{padding:14px 18px}
.tile b{display:block;font-size:25px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
.panel{padding:18px;overflow-x:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 16px;margin:0 0 12px;padding:0;font-size:13px;color:var(--soft)}
.legend li::before{content:"";display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:var(--c)}
.data{--c:var(--data)}.forward{--c:var(--forward)}.backward{--c:var(--backward)}.update{--c:var(--update)}.engine{--c:var(--engine)}.host{--c:var(--host)}.callbacks{--c:var(--callbacks)}.step{--c:var(--step)}
#flame{position:relative;min-height:26px}
#flame button{position:absolute;height:24px;margin:0;padding:0 6px;border:0;border-right:1px solid var(--card);border-radius:4px;background:var(--c);color:var(--ink);font:12.5px/24px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:left;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;cursor:pointer}
#flame button.narrow{padding:0}
#flame button:hover{filter:brightness(1.07)}
#flame button:focus-visible{outline:3px solid var(--accent);outline-offset:1px;z-index:2}
#told{min-height:22.5px;margin:12px 0 0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.hint{margin:2px 0 0;color:var(--soft);font-size:12.5px}
#tip{position:fixed;z-index:9;pointer-events:none;background:var(--text);color:var(--page);border-radius:8px;padding:7px 11px;font-size:13px;line-height:1.4;max-width:min(420px,90vw);overflow-wrap:anywhere;white-space:pre-line}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:right;font-weight:400;border-bottom:1px solid var(--line);white-space:nowrap}
tr>:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:anywhere}
thead th{color:var(--soft);font-size:12.5px}
tbody tr:last-child>*{border-bottom:0}
`;
