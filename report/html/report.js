"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const severities = ["critical", "high", "medium", "low"];
  const pageSize = 50;
  const listed = 8;
  const now = Date.parse(data.coverage.started || "") + 1000 * data.coverage.duration_seconds || Date.now();
  const state = { text: "", severity: "", provider: "", author: "", verdict: "", head: "", sort: "severity", shown: pageSize };

  // el makes an element. Texts become text nodes: nothing in them is markup.
  function el(name, attributes, ...children) {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "onclick" || key === "oninput" || key === "onchange") e.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined) e.setAttribute(key, value);
    }
    for (const c of children.flat()) {
      if (c !== null && c !== undefined && c !== "") e.append(c instanceof Node ? c : visible(String(c)));
    }
    return e;
  }

  function svg(name, attributes, text) {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
    if (text) e.textContent = text;
    return e;
  }

  // visible shows control and format characters, which could make a text read as another one.
  const visible = (s) => s.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");

  const number = (n) => n.toLocaleString("en");
  const counted = (n, noun) => number(n) + " " + noun + (n === 1 ? "" : "s");
  const day = (s) => (s || "").split("T")[0];
  const short = (id) => (id || "").slice(0, 10);
  const level = (f) => (severities.includes(f.severity) ? f.severity : "other");

  function lasting(seconds) {
    if (seconds < 60) return "less than a minute";
    if (seconds < 3600) return counted(Math.floor(seconds / 60), "minute");
    if (seconds < 2 * 86400) return counted(Math.floor(seconds / 3600), "hour");
    if (seconds < 2 * 365 * 86400) return counted(Math.floor(seconds / 86400), "day");
    return (seconds / (365.25 * 86400)).toFixed(1) + " years";
  }

  for (const f of data.findings) {
    const at = f.introduced || f;
    f.from = Date.parse(at.committed || at.date || "") || null;
    f.to = f.removed ? Date.parse(f.removed.committed || f.removed.date) || now : now;
    f.words = [f.name, f.rule, f.provider, f.path, f.author, f.email, f.commit, f.fingerprint, f.redacted, f.where].join("\n").toLowerCase();
  }
  const times = data.findings.filter((f) => f.from).map((f) => f.from);
  const begin = times.reduce((a, b) => Math.min(a, b), now);
  const end = Math.max(now, begin + 1);

  const fields = {
    severity: (f) => f.severity, provider: (f) => f.provider, author: (f) => f.author || "",
    verdict: (f) => f.verdict.status, head: (f) => (f.at_head === null ? "unknown" : f.at_head ? "in HEAD" : "not in HEAD"),
  };

  // matching returns the findings that the filters let through; without names a filter that does not count.
  function matching(without) {
    const text = state.text.toLowerCase();
    return data.findings.filter((f) => {
      for (const [name, value] of Object.entries(fields)) {
        if (name !== without && state[name] && value(f) !== state[name]) return false;
      }
      return !text || f.words.includes(text);
    });
  }

  const sorts = {
    severity: (a, b) => rank(a) - rank(b), newest: (a, b) => (b.from || 0) - (a.from || 0),
    oldest: (a, b) => (a.from || 0) - (b.from || 0), exposed: (a, b) => (b.exposed_seconds || 0) - (a.exposed_seconds || 0),
  };
  function rank(f) {
    const dead = f.verdict.status === "inactive" || f.verdict.status === "expired";
    return (f.verdict.status === "active" ? -10 : dead ? 10 : 0) + severities.indexOf(level(f));
  }

  function countBy(list, value) {
    const counts = new Map();
    for (const f of list) counts.set(value(f), (counts.get(value(f)) || 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  function header() {
    const c = data.coverage;
    const tiles = [["", "secret", data.findings.length]].concat(severities.map((s) => ["is-" + s, s, data.findings.filter((f) => f.severity === s).length]));
    const parts = [el("h1", {}, "Secrets in ", data.config.target || "the scanned files"),
      el("p", { class: "faint" }, "Mudlark ", data.config.tool.version, ", ", data.config.mode, c.started ? ", " + day(c.started) : "", ". ", coverageText(c)),
      el("div", { class: "tiles" }, tiles.map(([kind, label, n]) => el("div", { class: "tile " + kind }, el("b", {}, number(n)), kind ? label : n === 1 ? "secret" : "secrets")))];
    const unread = c.skipped.filter((s) => !s.accepted);
    if (!c.complete) {
      const items = unread.slice(0, 1000).map((s) => el("li", {}, s.what, ": ", s.why, " (", s.class, ")"));
      if (unread.length > 1000) items.push(el("li", {}, "and ", number(unread.length - 1000), " more"));
      parts.push(el("div", { class: "box banner", role: "alert" }, el("h2", {}, "This report is incomplete"), el("p", {}, counted(unread.length, "thing"), " could not be read or verified, so there may be more secrets."), items.length > 5 ? el("details", {}, el("summary", {}, "Show them"), el("ul", {}, items)) : el("ul", {}, items)));
    }
    return parts;
  }

  function coverageText(c) {
    const read = data.config.mode === "dir" || data.config.mode === "stdin" ? counted(c.files, "file")
      : counted(c.blobs, "blob") + " in " + counted(c.commits, "commit") + " on " + counted(c.refs, "ref");
    return read + "; " + (c.skipped.length ? counted(c.skipped.length, "thing") + " skipped" : "nothing skipped");
  }

  // timeline draws how many secrets were exposed when, stacked by severity.
  function timeline(list) {
    const box = el("section", { class: "box", "aria-label": "Timeline of exposure" }, el("h2", {}, "Exposed over time"));
    const dated = list.filter((f) => f.from);
    if (!dated.length) {
      box.append(el("p", { class: "faint" }, "No finding has a date."));
      return box;
    }
    const width = 1000, height = 150, top = 10, steps = 200;
    const kinds = ["low", "medium", "high", "critical", "other"];
    const counts = kinds.map(() => new Array(steps + 2).fill(0));
    const at = (t) => Math.max(0, Math.min(steps, Math.floor((steps * (t - begin)) / (end - begin))));
    for (const f of dated) {
      counts[kinds.indexOf(level(f))][at(f.from)]++;
      if (f.removed) counts[kinds.indexOf(level(f))][at(f.to) + 1]--;
    }
    for (const c of counts) for (let i = 1; i <= steps; i++) c[i] += c[i - 1];
    const total = Array.from({ length: steps + 1 }, (_, i) => counts.reduce((sum, c) => sum + c[i], 0));
    const most = Math.max(1, ...total);
    const picture = svg("svg", { viewBox: "0 0 " + width + " 170", preserveAspectRatio: "none", role: "img", "aria-label": "At most " + most + " at once; now " + total[steps] });
    const base = new Array(steps + 1).fill(0);
    const x = (i) => ((width * i) / steps).toFixed(1), y = (n) => (height - ((height - top) * n) / most).toFixed(1);
    kinds.forEach((kind, k) => {
      const up = [], down = [];
      for (let i = 0; i <= steps; i++) {
        up.push(x(i) + "," + y(base[i] + counts[k][i]));
        down.unshift(x(i) + "," + y(base[i]));
        base[i] += counts[k][i];
      }
      if (counts[k].some((n) => n > 0)) picture.append(svg("polygon", { points: up.concat(down).join(" "), class: "fill-" + kind }));
    });
    picture.append(svg("line", { x1: 0, x2: width, y1: height, y2: height, class: "axis" }));
    box.append(picture, el("div", { class: "ends faint" }, el("span", {}, new Date(begin).toISOString().slice(0, 10)),
      el("span", {}, "at most ", number(most), " at once, ", number(total[steps]), " at the end"), el("span", {}, new Date(end).toISOString().slice(0, 10))));
    return box;
  }

  function group(title, name) {
    const counts = countBy(matching(name), fields[name]).filter(([value]) => value);
    if (name === "severity") counts.sort((a, b) => severities.indexOf(a[0]) - severities.indexOf(b[0]));
    const most = Math.max(1, ...counts.map(([, n]) => n));
    const bars = counts.slice(0, listed).map(([value, n]) => {
      const fill = el("i", { class: name === "severity" ? "is-" + value : "" });
      fill.style.width = (100 * n) / most + "%";
      return el("button", { class: "bar", type: "button", "data-key": name + "=" + value, "aria-pressed": String(state[name] === value), onclick: () => set(name, state[name] === value ? "" : value) }, el("span", {}, value), el("span", {}, number(n)), fill);
    });
    const rest = counts.length > listed ? el("p", { class: "faint" }, "and ", number(counts.length - listed), " more") : "";
    return el("section", { class: "box" }, el("h2", {}, title), bars.length ? bars : el("p", { class: "faint" }, "none"), rest);
  }

  function choice(label, name, values) {
    const options = values.map(([value, text]) => el("option", { value, ...(state[name] === value ? { selected: "" } : {}) }, text));
    return el("label", {}, label, el("select", { "data-key": name, onchange: (e) => set(name, e.target.value) }, options));
  }

  function choices(name) {
    return [["", "all"]].concat(countBy(data.findings, fields[name]).filter(([v]) => v).map(([v, n]) => [v, v + " (" + number(n) + ")"]));
  }

  const search = el("input", { type: "search", "data-key": "text", placeholder: "path, commit, rule …", oninput: (e) => set("text", e.target.value) });

  function filters() {
    return el("section", { class: "box filters", "aria-label": "Filters" }, el("label", { class: "wide" }, "Search", search),
      choice("Severity", "severity", choices("severity")), choice("Provider", "provider", choices("provider")), choice("Author", "author", choices("author")),
      choice("Verdict", "verdict", choices("verdict")), choice("Now", "head", choices("head")),
      choice("Order", "sort", [["severity", "severity"], ["newest", "newest"], ["oldest", "oldest"], ["exposed", "longest exposed"]]),
      el("button", { class: "button", type: "button", "data-key": "reset", onclick: reset }, "Reset"));
  }

  function card(f) {
    const v = f.verdict;
    const tags = [el("span", { class: "tag" }, f.severity)];
    if (v.status !== "unasked") tags.push(el("span", { class: "tag " + (v.status === "active" ? "bad" : v.status === "inactive" || v.status === "expired" ? "fine" : "") }, v.status === "active" ? "works" : v.status));
    if (f.at_head) tags.push(el("span", { class: "tag bad" }, "in HEAD"));
    if (f.confidence !== "high") tags.push(el("span", { class: "tag" }, f.confidence + " confidence"));
    const facts = el("dl");
    const fact = (label, ...value) => { if (value.some((x) => x)) facts.append(el("dt", {}, label), el("dd", {}, ...value)); };
    const person = f.author ? f.author + (f.email ? " <" + f.email + ">" : "") : "";
    if (f.commit) fact("Introduced", day(f.date), " in ", el("code", { title: f.commit }, short(f.commit)), person ? " by " + person : "", doubts(f));
    if (f.removed) fact("Removed", day(f.removed.date), " in ", el("code", { title: f.removed.commit }, short(f.removed.commit)), f.removed.author ? " by " + f.removed.author : "", "; still in the history");
    else if (f.at_head) fact("Now", "HEAD still has it");
    else if (f.at_head === false) fact("Now", "not in HEAD", f.commit ? ", but in the history" : "");
    if (typeof f.exposed_seconds === "number") fact("Exposed", lasting(f.exposed_seconds), f.removed ? "" : " so far", life(f));
    fact(f.tips.length ? "Held by" : "History of", refs(f));
    if (v.status !== "unasked") fact("Verdict", v.status, v.reason ? ": " + v.reason : "", v.checked_at ? " (" + v.checked_at + ")" : "");
    if (v.identity) fact("Identity", Object.entries(v.identity).sort().map(([k, x]) => k + " " + x).join(", "));
    for (const p of f.parts) fact("With", p.name, " ", el("code", {}, p.secret || p.redacted), p.path ? " at " + p.path + (p.line ? ":" + p.line : "") : "");
    if (f.decoded.length) fact("Encoded", f.decoded.join(", then "));
    if (f.details) fact("Details", Object.entries(f.details).sort().map(([k, x]) => k + " " + x).join(", "));
    if (f.secret || f.secret_b64) fact("Secret", el("code", {}, f.secret || "base64 " + f.secret_b64));
    fact("Fingerprint", el("code", {}, f.fingerprint));
    fact("Next step", el("div", { class: "next" }, f.next_step), f.rotate ? el("div", {}, link(f.rotate)) : "", f.revoke ? el("div", {}, el("code", {}, f.revoke)) : "");
    return el("article", { class: "box card is-" + level(f) }, el("div", { class: "top" }, el("h3", {}, f.name), el("code", {}, f.redacted), tags),
      el("p", { class: "where mono" }, f.where), line(f), facts, places(f));
  }

  // link makes links to web pages only.
  function link(address) {
    return /^https?:\/\//i.test(address) ? el("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, address) : el("span", {}, address);
  }

  function doubts(f) {
    const i = f.introduced;
    return !i ? "" : i.uncertain ? "; perhaps earlier, as part of the history could not be read" : i.boundary ? "; perhaps earlier, as the clone is shallow" : "";
  }

  function refs(f) {
    const all = f.tips.length ? f.tips : f.reachable_from;
    const names = all.slice(0, 5).map((r) => r.replace(/^refs\/(heads|tags|remotes)\//, ""));
    return names.join(", ") + (all.length > 5 ? " and " + number(all.length - 5) + " more" : "");
  }

  function life(f) {
    if (!f.from) return "";
    const bar = el("i", { class: "is-" + level(f) });
    bar.style.left = (100 * (f.from - begin)) / (end - begin) + "%";
    bar.style.width = Math.max(0, Math.min(100, (100 * (f.to - f.from)) / (end - begin))) + "%";
    return el("div", { class: "life", "aria-hidden": "true" }, bar);
  }

  // line shows the line around the secret. Its bounds count bytes of UTF-8.
  function line(f) {
    const x = f.excerpt;
    if (!x) return "";
    const bytes = new TextEncoder().encode(x.text), text = new TextDecoder();
    const cut = (a, b) => text.decode(bytes.subarray(a, b));
    return el("div", { class: "line mono" }, f.line ? f.line + " | " : "", cut(0, x.start), el("mark", {}, cut(x.start, x.end)), cut(x.end));
  }

  function places(f) {
    if (!f.occurrences.length) return "";
    const items = f.occurrences.slice(0, 200).map((o) => el("li", {}, o.path || o.source, o.line ? ":" + o.line : "", o.commit ? ", commit " + short(o.commit) : "", o.date ? ", " + day(o.date) : "", o.suppressed ? " (allowed there)" : ""));
    if (f.occurrences.length > 200) items.push(el("li", {}, "and ", number(f.occurrences.length - 200), " more"));
    return el("details", {}, el("summary", {}, "Also at ", counted(f.occurrences.length, "other place")), el("ul", { class: "mono" }, items));
  }

  function set(name, value) {
    state[name] = value;
    state.shown = pageSize;
    render();
  }

  function reset() {
    Object.assign(state, { text: "", severity: "", provider: "", author: "", verdict: "", head: "", shown: pageSize });
    search.value = "";
    render();
  }

  const top = el("div"), middle = el("div"), bottom = el("div");
  // status is never replaced: a screen reader says what changes in it.
  const status = el("p", { class: "faint more", role: "status" });

  function render() {
    const list = matching().sort(sorts[state.sort]);
    const key = document.activeElement ? document.activeElement.getAttribute("data-key") : null;
    middle.replaceChildren(timeline(list), el("div", { class: "groups" }, group("By severity", "severity"), group("By provider", "provider"), group("By author", "author")), filters());
    status.textContent = list.length === data.findings.length ? counted(list.length, "secret") : number(list.length) + " of " + counted(data.findings.length, "secret");
    bottom.replaceChildren(el("h2", { class: "unseen" }, "Findings"), ...list.slice(0, state.shown).map(card));
    if (list.length > state.shown) {
      bottom.append(el("p", { class: "more" }, el("button", { class: "button", type: "button", "data-key": "more", onclick: () => { state.shown += pageSize; render(); } }, "Show more (" + number(list.length - state.shown) + ")")));
    }
    focusOn(key);
  }

  // focusOn puts the focus back to where it was before the elements were made anew, for those who use the keyboard.
  function focusOn(key) {
    const same = key && [...document.querySelectorAll("[data-key]")].find((e) => e.getAttribute("data-key") === key);
    if (same) same.focus();
  }

  // On paper there is nothing to open and no second page to ask for.
  let before = 0;
  addEventListener("beforeprint", () => {
    before = state.shown;
    state.shown = Infinity;
    if (data.findings.length) render();
    for (const d of document.querySelectorAll("details")) d.open = true;
  });
  addEventListener("afterprint", () => {
    state.shown = before;
    if (data.findings.length) render();
  });

  top.append(...header());
  document.getElementById("report").replaceChildren(top, middle, status, bottom);
  if (data.findings.length) render();
  else bottom.append(el("p", { class: "box" }, data.coverage.complete ? "No secrets found." : "No secrets found in what was read."));
  document.documentElement.dataset.ready = "1";
})();
