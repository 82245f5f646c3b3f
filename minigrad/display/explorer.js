// Step through the events of a tape. All numbers come with the data; none is computed here.
for (const root of document.querySelectorAll(".mg-explorer:not([data-ready])")) {
  root.dataset.ready = "";
  explore(root, root === document.querySelector(".mg-explorer"));
}

function explore(root, ownsAddress) {
  const find = (name) => root.querySelector(name);
  const { rows, events, sources } = JSON.parse(find(".mg-data").textContent);
  const [slider, say, box, arcs] = [".mg-slider", ".mg-say", ".mg-tape", ".mg-arcs"].map(find);
  const last = events.length - 1;
  const sweep = Math.max(events.findIndex((e) => e.kind === "seed"), 0) || last;
  const recordedAt = new Map();
  events.forEach((e, k) => e.kind === "record" && recordedAt.set(e.rows.at(-1), k));
  const lines = tapeTable(find(".mg-tape table"), rows);
  const charts = sources.map((source) => chart(find(".mg-sources"), source));
  let now = 0;

  // What the page looks like after event k: nothing is kept from the one before.
  function show(k, address = true) {
    now = Math.min(Math.max(Math.round(k) || 0, 0), last);
    const event = events[now];
    const back = now >= sweep;
    const cotangents = {};
    for (const e of events.slice(0, now + 1)) Object.assign(cotangents, e.now);
    lines.forEach(({ line, cotangent }, row) => {
      line.classList.toggle("mg-future", recordedAt.get(row) > now);
      line.classList.remove("mg-here", "mg-use", "mg-back");
      line.removeAttribute("aria-current");
      if (cotangent) showCotangent(cotangent, cotangents[row]);
    });
    for (const row of event.rows) lines[row].line.classList.add("mg-use");
    const here = event.kind === "end" ? [] : event.rows.slice(-1);
    for (const row of here) {
      lines[row].line.classList.add("mg-here");
      lines[row].line.classList.toggle("mg-back", back);
      lines[row].line.setAttribute("aria-current", "step");
    }
    charts.forEach((update) => update(now));
    say.textContent = event.say;
    say.classList.toggle("mg-sweep", back);
    slider.value = now;
    slider.setAttribute("aria-valuetext", `${now} of ${last}: ${back ? "sweep" : "recording"}`);
    find(".mg-count").textContent = `${back ? "Sweep" : "Recording"}, ${now} of ${last}`;
    for (const [go, end] of [["first", 0], ["back", 0], ["next", last], ["last", last]]) {
      find(`[data-go=${go}]`).setAttribute("aria-disabled", String(now === end));
    }
    // Forward the result is followed, backward the use, from which the sweep goes on.
    const follow = back ? event.rows[0] : here[0];
    if (follow !== undefined) keepInView(lines[follow].line);
    else if (now === 0) box.scrollTop = 0;
    draw(event, back);
    if (address) remember();
  }

  function keepInView(line) {
    const top = line.offsetTop, head = box.querySelector("thead").offsetHeight;
    if (top < box.scrollTop + head + line.offsetHeight) box.scrollTop = top - box.clientHeight / 2;
    const below = top + 2 * line.offsetHeight - box.clientHeight;
    if (below > box.scrollTop) box.scrollTop = below + box.clientHeight / 3;
  }

  // Arcs from each instruction to those it reads; the event's own are drawn on top, with a tip.
  function draw(event, back) {
    const width = arcs.clientWidth || 60;
    arcs.style.height = `${find(".mg-tape table").offsetHeight}px`;
    const middle = lines.map(({ line }) => line.offsetTop + line.offsetHeight / 2);
    const arc = (from, to, style, tip) => {
      const [a, b] = [middle[from], middle[to]];
      const reach = Math.min(width - 6, 8 + Math.abs(a - b) / 9), x = width - 12;
      const path = svg(arcs, "path", style);
      path.setAttribute("d", `M${x} ${a}C${x - reach * 1.3} ${a} ${x - reach * 1.3} ${b} ${x} ${b}`);
      if (!tip) return;
      svg(arcs, "path", style + " mg-tip").setAttribute("d", `M${x + 7} ${b}l-9 -5v10z`);
    };
    arcs.replaceChildren();
    rows.forEach((row, k) => {
      if (recordedAt.get(k) <= now) (row.reads || []).forEach((read) => arc(read, k, ""));
    });
    const [from, to] = [event.rows.slice(0, -1), event.rows.at(-1)];
    const style = back ? "mg-on mg-back" : "mg-on";
    if (event.kind === "record" || event.kind === "pull") {
      from.forEach((row) => row !== to && arc(row, to, style, true));
    }
  }

  // The address of the page leads back to the event: #k=40.
  const framed = location.protocol === "about:";
  let timer;
  function remember() {
    if (!ownsAddress || framed) return;
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(history.state, "", `#k=${now}`), 250);
  }
  function linked() {
    const found = ownsAddress && /^#k=(\d+)$/.exec(location.hash);
    if (found) show(Number(found[1]), false);
    return Boolean(found);
  }

  const go = { first: () => 0, back: () => now - 1, next: () => now + 1, sweep: () => sweep,
    last: () => last };
  for (const button of root.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => show(go[button.dataset.go]()));
  }
  const keys = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };
  root.addEventListener("keydown", (press) => {
    const name = keys[press.key];
    const other = press.altKey || press.ctrlKey || press.metaKey || press.shiftKey;
    if (!name || other || press.target === slider) return; // the slider knows these keys itself
    press.preventDefault();
    show(go[name]());
  });
  slider.max = last;
  slider.addEventListener("input", () => show(Number(slider.value)));
  addEventListener("hashchange", linked);
  new ResizeObserver(() => draw(events[now], now >= sweep)).observe(box);
  if (!linked()) show(0, false);

  function tapeTable(table, rows) {
    const body = add(table, "tbody");
    let step = "";
    return rows.map((row) => {
      if (row.fold) {
        const line = add(body, "tr", "mg-fold");
        step = "";
        add(line, "td", "", `${row.fold} ${row.between}`).colSpan = 3;
        return { line };
      }
      if (row.step !== step && row.step) {
        const head = add(add(body, "tr", "mg-step"), "th", "", row.step);
        head.colSpan = 3;
        head.scope = "rowgroup";
      }
      step = row.step;
      const line = add(body, "tr");
      const what = add(line, "td", "", `%${row.index} `);
      if (row.name) add(what, "span", "mg-name", `${row.name} `);
      what.append(`${row.primitive} `);
      if (row.reads.length) add(what, "span", "mg-operands", row.operands.join(" "));
      spell(add(line, "td"), row.value);
      return { line, cotangent: add(line, "td") };
    });
  }

  function showCotangent(cell, value) {
    cell.className = !value ? "" : value.lacks ? "mg-partial" : "mg-whole";
    if (value) {
      spell(cell, value);
      if (value.lacks) add(cell, "span", "mg-hidden", ` so far, ${value.lacks} more to come`);
    } else if (!cell.querySelector(".mg-hidden")) {
      cell.replaceChildren();
      cell.title = "not yet computed";
      add(cell, "span", "", "–").setAttribute("aria-hidden", "true");
      add(cell, "span", "mg-hidden", "not yet computed");
    }
  }

  // A bar for each use of a source, in the order of the tape, and the same in words.
  function chart(parent, source) {
    const figure = add(parent, "figure");
    const caption = add(figure, "figcaption", "", `${source.of} = `);
    const total = add(caption, "output");
    total.setAttribute("aria-live", "off"); // the sentence tells it
    const terms = [...source.terms].reverse();
    const n = terms.length;
    const numbers = terms.map((term) => term.value.exact);
    const most = Math.max(0, ...numbers.map((x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
    let bars = [];
    if (n && numbers.every((x) => typeof x === "number")) {
      const picture = svg(figure, "svg", "mg-bars");
      picture.setAttribute("viewBox", `0 -1.1 ${n} 2.2`);
      picture.setAttribute("preserveAspectRatio", "none");
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", `What ${n} uses add to ${source.of}; in words below`);
      bars = terms.map((_, i) => place(svg(picture, "rect"), { x: i + 0.1, width: 0.8 }));
      place(svg(picture, "line"), { x1: 0, x2: n, y1: 0, y2: 0 });
      const ends = add(figure, "div", "mg-ends");
      for (const term of n > 1 ? [terms[0], terms[n - 1]] : [terms[0]]) {
        add(ends, "span", "", term.step || `%${term.use}`);
      }
    }
    const details = add(figure, "details");
    add(details, "summary", "", `${n} ${n === 1 ? "use" : "uses"} of ${source.name}`);
    const list = add(details, "ol");
    list.tabIndex = 0;
    list.setAttribute("aria-label", `What each use of ${source.name} adds`);
    const items = terms.map((term) => {
      const item = add(list, "li");
      const where = term.step ? `, ${term.step}` : "";
      add(item, "span", "", `%${term.use} ${term.primitive}${where}`);
      return add(item, "span");
    });
    return (k) => {
      const done = source.terms.filter((term) => term.event <= k);
      const known = done.length ? done.at(-1).so_far.text : "–";
      total.textContent = k >= last ? source.gradient.text : known;
      terms.forEach((term, i) => {
        const set = term.event <= k;
        items[i].textContent = set ? term.value.text : "–";
        if (!bars.length) return;
        const high = set && most ? Math.abs(numbers[i]) / most : 0.06;
        place(bars[i], { y: set && numbers[i] > 0 ? -high : set ? 0 : -high / 2, height: high });
        bars[i].setAttribute("class", !set ? "mg-unset" : term.event === k ? "mg-new" : "");
      });
    };
  }

  // A value as text whose numbers are not broken; all its digits show when it is pointed at.
  function spell(cell, value) {
    cell.replaceChildren();
    for (const word of value.text.split(" ")) {
      if (cell.hasChildNodes()) cell.append(" ");
      add(cell, "span", "mg-word", word);
    }
    cell.title = typeof value.exact === "number" ? String(value.exact) : value.text;
  }
  function add(parent, tag, style = "", text = "") {
    const made = parent.appendChild(document.createElement(tag));
    if (style) made.className = style;
    made.append(text);
    return made;
  }
  function svg(parent, tag, style = "") {
    const made = parent.appendChild(document.createElementNS(arcs.namespaceURI, tag));
    if (style) made.setAttribute("class", style);
    return made;
  }
  function place(element, at) {
    for (const [name, value] of Object.entries(at)) element.setAttribute(name, value);
    return element;
  }
}
