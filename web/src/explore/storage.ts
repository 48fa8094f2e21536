import type { Storage } from "@graphiql/toolkit";

/** storageOf returns a part of a storage: tabs, history and settings of one application. */
export function storageOf(path: string, store: globalThis.Storage): Storage {
  const prefix = `louche:${path}:`;
  const keys = () => Object.keys(store).filter((key) => key.startsWith(prefix));
  return {
    getItem: (key) => store.getItem(prefix + key),
    setItem: (key, value) => store.setItem(prefix + key, value),
    removeItem: (key) => store.removeItem(prefix + key),
    clear: () => keys().forEach((key) => store.removeItem(key)),
    get length() {
      return keys().length;
    },
  };
}
