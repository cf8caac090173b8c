/** How the page of a report looks: calm, in the reader's own fonts, light or dark as the system is, and on paper. */

/** Steps of the bars under the cells. */
export const barSteps = 10;

const bars = Array.from({ length: barSteps }, (_, step) => `.w${step}::after{width:${(step + 1) * 10}%}`).join('');

export const style = `
:root{color-scheme:light dark;--bg:#fff;--soft:#f5f6f8;--line:#dfe3e8;--ink:#1c2127;--dim:#59626d;--accent:#3451b2;--good:#18722f;--bad:#c21d2b;--note:#855700;--bad-soft:#fdf0f0;--note-soft:#fdf7e8}
@media (prefers-color-scheme:dark){:root{--bg:#101317;--soft:#181c22;--line:#2b323b;--ink:#e3e7ec;--dim:#9ba6b2;--accent:#9db1ff;--good:#5cc878;--bad:#ff8a84;--note:#dcb04a;--bad-soft:#251a1d;--note-soft:#231f15}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
header,main,footer{max-width:68rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
h1{font-size:clamp(1.6rem,5vw,2.4rem);line-height:1.15;letter-spacing:-.02em;margin:.2rem 0 1.2rem;font-weight:650;text-wrap:balance}
h2{font-size:1.25rem;letter-spacing:-.01em;margin:3rem 0 .8rem;font-weight:650}
h3{font-size:1.02rem;margin:1.8rem 0 .5rem;font-weight:650}
p{margin:.5rem 0}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
[id]{scroll-margin-top:4.5rem}
[hidden]{display:none!important}
code,pre,.id{font:.84em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code,.id{overflow-wrap:anywhere}
.skip{position:absolute;left:-100rem;top:.5rem;background:var(--bg);padding:.5rem 1rem;border:1px solid var(--line);z-index:2}
.skip:focus{left:1rem}
.over{color:var(--dim);margin:2.5rem 0 0;font-size:.92rem}
.p{color:var(--good)}.f{color:var(--bad)}.n{color:var(--note)}.s{color:var(--dim)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:.8rem 2rem;margin:0;padding:1.1rem 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.facts div{min-width:0}.facts dt{color:var(--dim);font-size:.8rem}.facts dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th{font-weight:inherit;text-align:left}
th,td{padding:.35rem .5rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--dim);font-size:.78rem;line-height:1.25;vertical-align:bottom}
caption{text-align:left;color:var(--dim);font-size:.85rem;padding-bottom:.4rem}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.num:last-child{padding-right:0}
.suites .when{width:30%;padding-right:1.2rem}
.total th,.total td{font-weight:650;border-bottom:0}
.zero{color:var(--dim)}
svg.bar{display:block;width:100%;height:.6rem;margin-top:.45rem}
svg.bar rect{fill:var(--accent)}svg.bar .back{fill:var(--line)}
.flow td:first-of-type{width:45%}
.slow{list-style:none;margin:0;padding:0}
.slow li{display:grid;grid-template-columns:4.5rem 6rem minmax(0,1fr);gap:0 1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}
.slow a{overflow-wrap:anywhere}
.card{border:1px solid var(--line);border-left:3px solid var(--bad);border-radius:6px;margin:.7rem 0;background:var(--bg)}
.card.note{border-left-color:var(--note)}
summary{cursor:pointer}
.card>summary{padding:.6rem .9rem;font-weight:600;overflow-wrap:anywhere;background:var(--bad-soft);border-radius:5px}
.card.note>summary{background:var(--note-soft)}
.card>summary small{font-weight:400;color:var(--dim)}
.inner{padding:.3rem .9rem .8rem}
.message{font-size:1.02rem;white-space:pre-wrap;overflow-wrap:anywhere}
.asked{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:.6rem;margin:.6rem 0}
.asked figure{margin:0;min-width:0}.asked figcaption{color:var(--dim);font-size:.82rem;overflow-wrap:anywhere}
pre{margin:.2rem 0 0;padding:.6rem .7rem;background:var(--soft);border-radius:5px;white-space:pre-wrap;overflow-wrap:anywhere}
.said{margin:.6rem 0 0;display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem 1rem}
.said dt{color:var(--dim);font-size:.88rem}.said dd{margin:0;overflow-wrap:anywhere}
.more{margin:.6rem 0 0;padding:0 0 0 1.1rem}.more li{overflow-wrap:anywhere;margin:.2rem 0}
.tools{position:sticky;top:0;margin-top:2.5rem;background:var(--bg);border-bottom:1px solid var(--line);padding:.7rem 0;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;z-index:1}
.tools fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem .9rem}
.tools legend{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.tools>label{flex:0 1 19rem;min-width:0}.tools fieldset label{white-space:nowrap}
.tools input{accent-color:var(--accent)}
.tools input[type=search]{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--dim);border-radius:5px;padding:.25rem .6rem;margin-left:.3rem;width:15rem;max-width:calc(100% - 3.5rem)}
.tools output{color:var(--dim);font-size:.88rem}
.matrix{table-layout:fixed}
.matrix .route{width:4.1rem}
.matrix thead th+th,.matrix td{text-align:center;padding-left:.15rem;padding-right:.15rem}
.matrix .family th{padding-top:1.1rem;font-weight:600;overflow-wrap:anywhere}
.matrix .family p{color:var(--dim);font-weight:400;font-size:.88rem;margin:.15rem 0}
.matrix th[scope=row]{overflow-wrap:anywhere;font-size:.95rem}
.matrix th .inner{padding:.1rem 0 .4rem 1rem;font-size:.92rem}
.matrix td a{display:block;text-decoration:none;line-height:1.35}
.matrix td a:hover{background:var(--soft)}
.matrix td a::after{content:"";display:block;height:2px;background:currentColor;opacity:.5;border-radius:1px;margin:.1rem auto 0}
.matrix td a.s::after{height:0}
tr:target>*,:target{background:var(--soft)}
${bars}
footer{color:var(--dim);font-size:.85rem;padding-top:2rem;padding-bottom:3rem}
@media (max-width:44rem){.suites .when,.suites .bar{display:none}.suites th,.suites td{padding-right:.3rem;font-size:.86rem}.suites thead th{font-size:.66rem}.matrix .route{width:1.95rem}.matrix thead th+th{font-size:.6rem;padding-left:0;padding-right:0}.matrix th[scope=row]{font-size:.86rem}.slow li{grid-template-columns:4.5rem minmax(0,1fr)}.slow .bar{display:none}.said{grid-template-columns:minmax(0,1fr);gap:0}.said dd{margin-bottom:.4rem}.tools{position:static}}
@media print{:root{color-scheme:light;--bg:#fff;--soft:#f5f6f8;--line:#ccd2d9;--ink:#000;--dim:#444c56;--accent:#1d3a9a;--good:#14652a;--bad:#a81522;--note:#6d4700;--bad-soft:#fff;--note-soft:#fff}body{font-size:10pt}.tools,.skip{display:none!important}.card,tr,.slow li{break-inside:avoid}.card::details-content{content-visibility:visible;display:block}h2,h3{break-after:avoid}}
`;
