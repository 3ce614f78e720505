interface Entry {
  readonly at: number;
  readonly act: () => void;
}

/** Actions by their times: a binary heap. */
export class Agenda {
  readonly #heap: Entry[] = [];

  add(at: number, act: () => void): void {
    const heap = this.#heap;
    let place = heap.length;
    const entry = { at, act };
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as Entry;
      if (parent.at <= at) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  /** Takes the earliest entry. */
  next(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as Entry).at < (heap[below] as Entry).at) below++;
      const child = heap[below] as Entry;
      if (child.at >= last.at) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
