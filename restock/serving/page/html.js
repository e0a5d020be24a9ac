// Templates: what is drawn is written as HTML, and only what differs from the last drawing is touched.

import { h, render } from "./vendor/preact.mjs";
import htm from "./vendor/htm.mjs";

export const html = htm.bind(h);
export const draw = render;
export const $ = (id) => document.getElementById(id);
