// A list of rows of one height, of which only those in sight exist. Rows that leave are used again, and they stand in
// the document in the order in which they are shown. The row with the focus stays, wherever it is.

const BEYOND = 6; // rows above and below those in sight

// make() answers an empty row; fill(row, index) writes what is at `index` into it; seen(first, last) is called when other
// rows come into sight.
export function virtualList({ view, list, height, make, fill, seen }) {
  let count = 0;
  let rows = [];
  const spare = [];
  let frame = 0;

  function place(row, index) {
    row.index = index;
    row.style.transform = `translateY(${index * height}px)`;
    fill(row, index);
  }

  function take(row) {
    const index = rows.indexOf(row);
    rows.splice(index, 1);
    row.remove();
    row.index = -1;
    if (spare.length < 30) spare.push(row);
  }

  function render() {
    frame = 0;
    const top = view.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - BEYOND);
    const last = Math.min(count - 1, Math.ceil((top + view.clientHeight) / height) + BEYOND);
    const focused = rows.find((row) => row.contains(document.activeElement));
    for (const row of [...rows]) {
      const kept = row === focused && row.index < count;
      if (!kept && (row.index < first || row.index > last)) take(row);
    }
    const shown = new Map(rows.map((row) => [row.index, row]));
    let next = rows[0] || null;
    const ordered = [];
    if (focused && focused.index < first) {
      ordered.push(focused);
      next = rows[1] || null;
    }
    for (let index = first; index <= last; index += 1) {
      let row = shown.get(index);
      if (row) {
        next = rows[rows.indexOf(row) + 1] || null;
      } else {
        row = spare.pop() || make();
        place(row, index);
        list.insertBefore(row, next);
      }
      ordered.push(row);
    }
    if (focused && focused.index > last) ordered.push(focused);
    rows = ordered;
    seen(first, last);
  }

  // By how many places most rows have moved.
  function mostMoved(to) {
    const moves = new Map();
    for (const row of rows) {
      const move = to(row) < 0 ? null : to(row) - row.index;
      moves.set(move, (moves.get(move) || 0) + 1);
    }
    moves.delete(null);
    return [...moves].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 0;
  }

  // Gives each row its new index. One whose content is gone is used again; with the focus, it shows what follows there.
  function rearrange(to) {
    const focused = rows.find((row) => row.contains(document.activeElement));
    const indexes = new Map(rows.map((row) => [row, to(row)]));
    if (focused && indexes.get(focused) < 0) indexes.set(focused, Math.min(focused.index, count - 1));
    const fits = (row) => indexes.get(row) >= 0 && indexes.get(row) < count && (row === focused || indexes.get(row) !== indexes.get(focused));
    for (const row of rows.filter((one) => !fits(one))) take(row);
    // In another order, rows would have to be moved in the document, and the focus would be lost: all others are made anew.
    const inOrder = rows.every((row, at) => !at || indexes.get(row) > indexes.get(rows[at - 1]));
    for (const row of rows.filter((one) => !inOrder && one !== focused)) take(row);
    for (const row of rows) place(row, indexes.get(row));
  }

  function soon() {
    frame ||= requestAnimationFrame(render);
  }

  view.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(soon).observe(view);

  return {
    // Shows so many rows, each filled anew. to(row) is the index at which what a row shows is now, or -1: the row goes
    // there, and the focus with it, and what is looked at stays where it is on the screen.
    show(size, to) {
      const moved = count && view.scrollTop > height / 2 ? mostMoved(to) : 0;
      count = size;
      list.style.height = `${count * height}px`;
      if (moved) view.scrollTop += moved * height;
      rearrange(to);
      render();
    },
    fill(index) {
      const row = this.row(index);
      if (row) fill(row, index);
    },
    fillAll() {
      for (const row of rows) fill(row, row.index);
    },
    row: (index) => rows.find((row) => row.index === index),
    rows: () => rows,
    perPage: () => Math.max(1, Math.floor(view.clientHeight / height) - 1),
    lastInSight: () => Math.ceil((view.scrollTop + view.clientHeight) / height),
    // Brings row `index` into sight and answers it.
    reveal(index) {
      const top = index * height;
      if (top < view.scrollTop) view.scrollTop = top;
      else if (top + height > view.scrollTop + view.clientHeight) view.scrollTop = top + height - view.clientHeight;
      render();
      return this.row(index);
    },
  };
}
