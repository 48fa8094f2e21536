// The default theme with the fonts of the reader's system, and wider text.
import "./wide.css";

export { default } from "vitepress/theme-without-fonts";
