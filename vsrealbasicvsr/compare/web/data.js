// The data of the comparison, and functions that format it.
"use strict";
const $ = (id) => document.getElementById(id);
const comparison = JSON.parse($("comparison").textContent);
const { sources, moments, curve } = comparison;
const hasButtons = sources.length <= 9; // one button for each digit key; more sources are in a list
const view = { moment: 0, mode: sources.length > 2 ? "sheet" : "slider", left: 0, right: 1, shown: 0, divider: 0.5,
  zoom: null, x: 0.5, y: 0.5 };

const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const numbered = (index) => `${index + 1} ${sources[index].label}`;
const isAlone = (label) => sources.filter((source) => source.label === label).length === 1;
const named = (index) => (isAlone(sources[index].label) ? sources[index].label : numbered(index));
const compression = (quality) => (quality === null ? "lossless" : `WebP quality ${quality}`);
const seconds = (time) => {
  const minutes = Math.floor(time / 60);
  const rest = (time - 60 * minutes).toFixed(2);
  return minutes ? `${minutes}:${rest.padStart(5, "0")}` : `${rest} s`;
};
