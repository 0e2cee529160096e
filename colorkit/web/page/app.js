// The page: what is chosen goes to the worker, what comes back is shown. No pixel is computed here.

import { DEFAULTS } from "./color.js";
import { addToJpeg, addToPng, xmp } from "./note.js";

const MAX_PIXELS = 64e6; // what browsers give a canvas, and a desktop the memory for
const EXAMPLE = "example.jpg";

const $ = (id) => document.getElementById(id);
const form = $("settings");
const canvas = $("after");
const inputs = [...form.querySelectorAll("input")];
let worker;
let model; // what is known of the network, once it is there
let file; // the photograph in hand
let latest = 0; // number of the newest order: answers to older ones come too late

for (const input of inputs) {
  input.defaultValue = DEFAULTS[input.name];
  input.defaultValue = input.value; // as the browser rounds it: what is equal is not in the note
}
showSettings();

const missing = ["WebAssembly", "Worker", "OffscreenCanvas"].filter((name) => !(name in self));
if (missing.length) {
  fail(`This browser is too old for this page: it has no ${missing[0]}.`);
  say("");
} else {
  worker = new Worker("worker.js");
  worker.onmessage = ({ data: { kind, value, order = latest } }) => {
    if (order === latest) answers[kind](value);
  };
  worker.onerror = () => fail("The worker of this page could not be loaded; reload the page.");
  listen();
}

// ---- What a person does.

function listen() {
  $("file").onchange = ({ target }) => {
    if (target.files.length) open(target.files[0]);
    target.value = ""; // so that the same one can be chosen again
  };
  $("example").onclick = () => open(fetched(EXAMPLE));
  document.onpaste = ({ clipboardData }) => {
    if (clipboardData.files.length) open(clipboardData.files[0]);
  };
  document.ondragover = (event) => {
    event.preventDefault(); // or the browser would leave the page for the picture
    document.body.classList.add("dropping");
  };
  document.ondragleave = () => document.body.classList.remove("dropping");
  document.ondrop = (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  };
  $("split").oninput = ({ target }) => $("slider").style.setProperty("--at", `${target.value}%`);
  form.oninput = repaint;
  $("again").onclick = () => {
    form.reset();
    repaint();
  };
  for (const button of document.querySelectorAll(".save")) {
    button.onclick = () => save(button.value);
  }
}

/** Take a file, or the promise of one. */
async function open(source) {
  fail("");
  busy("Opening the photograph");
  let address;
  try {
    const chosen = await source;
    address = URL.createObjectURL(chosen);
    const { naturalWidth: width, naturalHeight: height } = await loaded(address);
    if (width * height > MAX_PIXELS) {
      throw new Error(
        `This photograph has ${millions(width * height)} million pixels (${width} × ${height}); ` +
          `this page takes up to ${millions(MAX_PIXELS)} million. Make it smaller first.`,
      );
    }
    prepare(width, height);
    file = chosen;
  } catch (error) {
    URL.revokeObjectURL(address);
    answers.failed(error.message);
    return;
  }
  URL.revokeObjectURL($("before").src);
  $("before").src = address;
  if (!model) say("Loading the network");
  send({ file });
}

async function fetched(name) {
  const response = await fetch(name);
  return new File([await response.blob()], name);
}

/** The picture behind an address: its size is known before its pixels take memory. */
function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("This file is not a picture that the browser can read."));
    image.src = address;
  });
}

/** A canvas of that size; where there is no memory for it, browsers give one that stays empty. */
function prepare(width, height) {
  $("result").hidden = true;
  $("slider").style.setProperty("--width", width);
  $("slider").style.setProperty("--height", height);
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context?.fillRect(0, 0, 1, 1);
  if (!context?.getImageData(0, 0, 1, 1).data[3]) {
    throw new Error(
      `This browser has no memory for a picture of ${width} × ${height} pixels. Make it smaller.`,
    );
  }
  context.clearRect(0, 0, 1, 1);
}

function repaint() {
  showSettings();
  busy("Colouring");
  send({});
}

function send(what) {
  const settings = Object.fromEntries(inputs.map(({ name, value }) => [name, Number(value)]));
  worker.postMessage({ ...what, settings, order: ++latest });
}

async function save(type) {
  const changed = inputs.filter(({ value, defaultValue }) => value !== defaultValue);
  const options = changed.map(({ name, value }) => [name, Number(value)]);
  const note = xmp(model, Object.fromEntries(options));
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, 0.95));
  if (!blob) {
    fail("There is not enough memory to write this file; try a smaller photograph.");
    return;
  }
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const [add, suffix] = type === "image/png" ? [addToPng, "png"] : [addToJpeg, "jpg"];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(add(bytes, note), { type }));
  link.download = `${file.name.replace(/\.[^.]*$/, "")}-color.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the download reads it meanwhile
}

// ---- What the worker answers.

const answers = {
  ready(found) {
    model = found.about;
    $("about").textContent = `Network: ${model.name}, licence ${model.license}.`;
    if (!file) say("Ready");
    keepForLater(found.loaded).catch(() => {}); // it works all the same, with a connection
  },
  progress(text) {
    say(text);
  },
  strip({ top, rgba }) {
    $("result").hidden = false;
    $("progress").value = (top + rgba.height) / canvas.height;
    canvas.getContext("2d").putImageData(rgba, 0, top);
  },
  painted({ width, height }) {
    busy("");
    say(`Done: ${width} × ${height} pixels in colour. Drag the line to compare.`);
  },
  failed(message) {
    busy("");
    say("");
    fail(message);
  },
};

/** Keep all that the page has loaded, so that it starts without a connection, too. */
async function keepForLater(byWorker) {
  if (!navigator.serviceWorker) return; // pages that are not served over https have none
  await navigator.serviceWorker.register("sw.js");
  const byPage = performance.getEntriesByType("resource").map((entry) => entry.name);
  const own = [location.pathname, EXAMPLE, "worker.js", ...byPage, ...byWorker];
  const cache = await caches.open("colorkit");
  await cache.addAll([...new Set(own.map((name) => new URL(name, location).href))]);
  document.documentElement.dataset.offline = "ready";
}

// ---- What is shown.

function showSettings() {
  for (const input of inputs) {
    input.previousElementSibling.value = Number(input.value).toFixed(2);
  }
}

function busy(text) {
  const working = text !== "";
  if (working) say(text);
  $("progress").classList.toggle("idle", !working);
  $("progress").removeAttribute("value");
  for (const button of document.querySelectorAll(".save")) button.disabled = working;
}

function say(text) {
  $("status").textContent = text;
}

function fail(text) {
  $("error").textContent = text;
}

function millions(count) {
  return Math.round(count / 1e6);
}
