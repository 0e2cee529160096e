// All the heavy work, away from the page, so that it keeps answering. LiteRT.js loads its wasm by
// importScripts, which module workers lack: hence a classic worker that imports modules itself.

const STRIP = 2 ** 18; // pixels that are worked on at a time: 1 MB of RGBA

let color; // color.js
let network; // the compiled file, and what is known of it
let photo; // the picture in hand: bitmap, frame, small, logits, entropy
let latest; // number of the newest order: work on older ones is given up

const started = start();
started.catch((error) => answer("failed", `The network could not be loaded: ${error.message}`));

self.onmessage = async ({ data: { order, file, settings } }) => {
  latest = order;
  try {
    await started;
    if (file) await open(file, order);
    await pause(); // newer orders arrive meanwhile
    if (photo && order === latest) await paint(settings, order);
  } catch (error) {
    answer("failed", explained(error), order);
  }
};

function answer(kind, value, order, transfer = []) {
  self.postMessage({ kind, value, order }, transfer);
}

function explained(error) {
  const memory = error instanceof RangeError || /memory|allocat/i.test(error.message);
  return memory ? "There is not enough memory for this photograph; try a smaller one." : error.message;
}

async function start() {
  color = await import("./color.js");
  // In a worker, LiteRT.js would look for its wasm beside this file.
  self.Module = { locateFile: (name) => `vendor/${name}` };
  const { loadAndCompile, loadLiteRt, Tensor } = await import("./vendor/litert.js");
  const [about] = await Promise.all([
    fetch("model.json").then((response) => response.json()),
    loadLiteRt("vendor/"),
  ]);
  const model = await loadAndCompile("model.tflite", { accelerator: "wasm" });
  network = { about, model, Tensor };
  // What was loaded up to here is what the page needs when there is no connection.
  answer("ready", { about, loaded: performance.getEntriesByType("resource").map((it) => it.name) });
}

async function open(file, order) {
  photo?.bitmap.close();
  photo = undefined;
  answer("progress", "Looking at the photograph", order);
  const bitmap = await decode(file);
  const frame = color.frame([bitmap.height, bitmap.width], network.about.sizes);
  const shrunk = new color.Shrunk(frame);
  for await (const { rgba } of strips(bitmap, order)) {
    shrunk.add(color.lightness(rgba.data));
  }
  if (order !== latest) return;
  answer("progress", "Guessing colours", order);
  const small = shrunk.input();
  const { logits, grid } = await predict(small, frame.input);
  const doubt = color.entropy(logits, network.about.bins.length);
  photo = { bitmap, frame, small, logits, grid, doubt };
}

/** Upright and in sRGB: browsers see to both by themselves. */
async function decode(file) {
  try {
    return await createImageBitmap(file);
  } catch (error) {
    throw new Error("This file is not a picture that the browser can read.", { cause: error });
  }
}

async function predict(small, size) {
  const { about, model, Tensor } = network;
  const several = about.sizes.length > 1;
  const signature = several ? `colorize_${size[0]}x${size[1]}` : "colorize";
  const lightness = new Tensor(small, [1, ...size, 1]);
  const answer = await model.run(signature, { lightness });
  const [, rows, columns] = answer.logits.type.layout.dimensions;
  const logits = (await answer.logits.data()).slice(); // out of wasm memory, which is freed
  lightness.delete();
  answer.logits.delete();
  return { logits, grid: [rows, columns] };
}

/** Colour the picture with the options given, strip by strip; the network does not run again. */
async function paint({ temperature, saturation, caution }, order) {
  const { bitmap, frame, small, logits, grid, doubt } = photo;
  const ab = color.annealedMean(logits, network.about.bins, temperature);
  color.calm(ab, doubt, caution);
  const enlarged = new color.Enlarged(ab.map((value) => value * saturation), grid, small, frame);
  for await (const { top, rgba } of strips(bitmap, order)) {
    const lightness = color.lightness(rgba.data);
    color.join(lightness, ...enlarged.rows(top, lightness), rgba.data);
    answer("strip", { top, rgba }, order, [rgba.data.buffer]);
  }
  answer("painted", { width: bitmap.width, height: bitmap.height }, order);
}

/** Pixels of the whole width, a few rows at a time, as long as nothing newer is asked for. */
async function* strips(bitmap, order) {
  const { width, height } = bitmap;
  const rows = Math.max(1, Math.floor(STRIP / width));
  const context = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += rows) {
    await pause();
    if (order !== latest) return;
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    yield { top, rgba: context.getImageData(0, 0, width, Math.min(rows, height - top)) };
  }
}

/** Let messages in. */
function pause() {
  return new Promise((resolve) => setTimeout(resolve));
}
