/** Order is by which column rows are sorted. Texts ascend and numbers descend first. */
export type Order<Column> = { by: Column; descending: boolean };

/** Value is that of a cell. Rows without one are last. */
export type Value = string | number | undefined;

/** next is the order after a press on the header of a column. */
export function next<Column>(order: Order<Column>, by: Column, isText: boolean): Order<Column> {
  return order.by === by ? { by, descending: !order.descending } : { by, descending: !isText };
}

/** sorted sorts rows by a value, and equal ones by a name. */
export function sorted<Row>(rows: Row[], value: (row: Row) => Value, descending: boolean, name: (row: Row) => string): Row[] {
  const compare = (a: Value, b: Value): number => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    const difference = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return descending ? -difference : difference;
  };
  return rows.toSorted((a, b) => compare(value(a), value(b)) || name(a).localeCompare(name(b)));
}
