import { element, setText } from "./dom";
import { Figure } from "./figure";
import { bytes, count, duration, number, percent } from "./format";
import type { BEAM } from "./sample";

const kinds = ["processes", "binaries", "ets", "code", "atoms", "other"] as const;
const tables = ["processes", "ports", "atoms"] as const;

/** BEAMView shows the runtime of a node: releases, run queue, memory, and its tables. */
export class BEAMView {
  readonly element: HTMLElement;
  private readonly releases = element("summary");
  private readonly queue = new Figure("run queue", number);
  private readonly memory = new Figure("memory", bytes);
  private readonly kinds = element("p", { class: "about" });
  private readonly tables = tables.map((name) => new Table(name));

  constructor() {
    this.element = element(
      "details",
      { class: "beam", open: "" },
      this.releases,
      element("dl", {}, this.queue.element, this.memory.element, ...this.tables.map((table) => table.element)),
      this.kinds,
    );
    this.element.hidden = true;
  }

  update(beam: BEAM | undefined) {
    this.element.hidden = !beam;
    if (!beam) return;
    const elixir = beam.elixir ? `, Elixir ${beam.elixir}` : "";
    setText(this.releases, `OTP ${beam.otp}${elixir}, ${beam.schedulers} schedulers, up for ${duration(beam.uptime_seconds)}`);
    this.queue.add(beam.run_queue);
    this.memory.add(beam.memory_bytes.total);
    setText(this.kinds, `Memory: ${kinds.map((kind) => `${kind} ${bytes(beam.memory_bytes[kind])}`).join(", ")}`);
    for (const table of this.tables) table.update(beam);
  }
}

/** Table shows the entries of a table of the runtime beside its limit. */
class Table {
  readonly element: HTMLElement;
  private readonly value = element("dd");
  private readonly bar = element("meter", { min: "0", high: "0.8" }) as HTMLMeterElement;

  constructor(private readonly name: (typeof tables)[number]) {
    this.bar.setAttribute("aria-label", `${name} of their limit`);
    this.element = element("div", { class: "figure" }, element("dt", {}, name), this.value, element("dd", {}, this.bar));
  }

  update({ tables }: BEAM) {
    const { count: entries, limit } = tables[this.name];
    this.bar.value = limit ? entries / limit : 0;
    setText(this.value, `${count(entries)} of ${count(limit)}`);
  }
}

/** warnings names the tables of a node that are nearly full. */
export function warnings(beam: BEAM | undefined): string[] {
  return (beam?.nearly_full ?? []).map((name) => {
    const { count: entries, limit } = beam!.tables[name as (typeof tables)[number]];
    return `The table of ${name} is nearly full: ${percent(entries / limit)} of ${count(limit)}`;
  });
}
