// The arithmetic of colorkit, without anything of a browser: lightness out of pixels, a picture at
// network size, colours out of logits, colours along the edges of lightness, and pixels again.
// L* is 0..100, a and b are in Lab units, planes are Float32Arrays of rows.

export const DEFAULTS = {
  temperature: Math.log(10) / 6, // of the paper's annealed mean
  saturation: 1,
  caution: 0.5,
};

// ---- Pixels and lightness: sRGB, D65, the numbers of scikit-image.

const linearOf = (code) => (code > 0.04045 ? ((code + 0.055) / 1.055) ** 2.4 : code / 12.92);
const codeOf = (light) =>
  light > 0.0031308 ? 1.055 * light ** (1 / 2.4) - 0.055 : 12.92 * light;
const lightnessOf = (light) =>
  116 * (light > 0.008856 ? Math.cbrt(light) : 7.787 * light + 16 / 116) - 16;

const table = (Kind, length, value) => Kind.from({ length }, (_, i) => value(i / (length - 1)));
const LINEAR = table(Float32Array, 256, linearOf);
const GRAY = table(Float32Array, 256, (code) => lightnessOf(linearOf(code)));
// Fine enough that no pixel is more than half a level off.
const CODES = 65536;
const CODE = table(Uint8Array, CODES, (light) => Math.round(255 * codeOf(light)));

/** L* of RGBA pixels. */
export function lightness(rgba) {
  const plane = new Float32Array(rgba.length / 4);
  for (let i = 0, p = 0; i < plane.length; i++, p += 4) {
    const red = rgba[p];
    const green = rgba[p + 1];
    const blue = rgba[p + 2];
    plane[i] =
      red === green && green === blue
        ? GRAY[red]
        : lightnessOf(0.212671 * LINEAR[red] + 0.71516 * LINEAR[green] + 0.072169 * LINEAR[blue]);
  }
  return plane;
}

const cube = (t) => (t > 0.2068966 ? t * t * t : (t - 16 / 116) / 7.787);

/** Write RGB of exactly the given lightness into RGBA pixels; alpha stays as it is there. */
export function join(lightness, a, b, rgba) {
  for (let i = 0, p = 0; i < lightness.length; i++, p += 4) {
    const fy = (lightness[i] + 16) / 116;
    const x = cube(fy + a[i] / 500);
    const y = cube(fy);
    const z = cube(fy - b[i] / 200);
    // What a colour adds to the gray of its luminance; none of the three adds luminance.
    let red = 3.0799803 * x - 2.53715152 * y - 0.54282131 * z;
    let green = -0.92124775 * x + 0.87599 * y + 0.04524734 * z;
    let blue = 0.05289046 * x - 1.20404134 * y + 1.15123201 * z;
    const most = Math.max(red, green, blue);
    const least = Math.min(red, green, blue);
    // Outside the gamut the pixel moves towards that gray, as little as will do: luminance is
    // linear there, so that lightness stays. Clipping each channel would change it.
    const share = Math.min(1, (1 - y) / Math.max(most, 1e-12), y / Math.max(-least, 1e-12));
    red *= share;
    green *= share;
    blue *= share;
    rgba[p] = CODE[((y + red) * (CODES - 1) + 0.5) | 0];
    rgba[p + 1] = CODE[((y + green) * (CODES - 1) + 0.5) | 0];
    rgba[p + 2] = CODE[((y + blue) * (CODES - 1) + 0.5) | 0];
  }
}

// ---- Picture size to network size.

/**
 * Where a picture sits in a network's input of a fixed size: top left, the rest is padding.
 * Of several sizes, the one in which the picture is largest. All sizes are [height, width].
 */
export function frame(picture, sizes) {
  const scale = (size) => Math.min(size[0] / picture[0], size[1] / picture[1]);
  const input = sizes.reduce((best, size) => (scale(size) > scale(best) ? size : best));
  const network = picture.map((side) => Math.max(1, Math.round(side * scale(input))));
  return { picture, network, input };
}

/** For each of `count` results: the first of `length` values that it is made of, and shares. */
function sources(length, count) {
  return Array.from({ length: count }, (_, i) => {
    if (count > length) {
      const { first, share } = position(i, count / length, length);
      return { first, shares: first + 1 < length ? [1 - share, share] : [1] };
    }
    // The mean over the area that a result covers: no detail is skipped, none rings.
    const start = (i * length) / count;
    const stop = ((i + 1) * length) / count;
    const first = Math.floor(start);
    const shares = [];
    for (let k = first; k < Math.min(Math.ceil(stop), length); k++) {
      shares.push((Math.min(k + 1, stop) - Math.max(k, start)) / (stop - start));
    }
    return { first, shares };
  });
}

/** The cell before a pixel's centre, and how far towards the next one it lies. */
function position(pixel, cell, cells) {
  const place = Math.min(Math.max((pixel + 0.5) / cell - 0.5, 0), cells - 1);
  const first = Math.min(Math.floor(place), Math.max(cells - 2, 0));
  return { first, share: place - first };
}

/** Takes lightness a few rows at a time, so that no full-size plane has to exist, and shrinks it. */
export class Shrunk {
  constructor(frame) {
    const [height, width] = frame.picture;
    this.frame = frame;
    this.columns = sources(width, frame.network[1]);
    this.narrow = new Float32Array(height * frame.network[1]);
    this.written = 0;
  }

  /** The next rows. */
  add(lightness) {
    for (let row = 0; row < lightness.length; row += this.frame.picture[1]) {
      for (const { first, shares } of this.columns) {
        let sum = 0;
        for (let k = 0; k < shares.length; k++) sum += shares[k] * lightness[row + first + k];
        this.narrow[this.written++] = sum;
      }
    }
  }

  /** The network's input, padded by reflection. */
  input() {
    const { picture, network, input } = this.frame;
    const [height, width] = network;
    const rows = sources(picture[0], height);
    const small = new Float32Array(height * width);
    rows.forEach(({ first, shares }, y) => {
      shares.forEach((share, k) => {
        const from = (first + k) * width;
        for (let x = 0; x < width; x++) small[y * width + x] += share * this.narrow[from + x];
      });
    });
    const padded = new Float32Array(input[0] * input[1]);
    for (let y = 0; y < input[0]; y++) {
      for (let x = 0; x < input[1]; x++) {
        padded[y * input[1] + x] = small[reflected(y, height) * width + reflected(x, width)];
      }
    }
    return padded;
  }
}

function reflected(i, length) {
  const period = Math.max(2 * (length - 1), 1);
  return Math.min(i % period, period - (i % period)) % length;
}

// ---- Logits to colours.

/** Doubt of each cell in nats: entropy of the distribution at temperature 1. */
export function entropy(logits, classes) {
  return softmaxed(logits, classes, 1, 1, (cell, total, mass, scaled, out) => {
    let mean = 0;
    for (let q = 0; q < classes; q++) mean += mass[q] * scaled[q];
    out[cell] = Math.max(0, Math.log(total) - mean / total);
  });
}

/** a and b of each cell, by turns: the annealed mean of the colours of the classes. */
export function annealedMean(logits, bins, temperature) {
  return softmaxed(logits, bins.length, temperature, 2, (cell, total, mass, _, out) => {
    let a = 0;
    let b = 0;
    for (let q = 0; q < mass.length; q++) {
      a += mass[q] * bins[q][0];
      b += mass[q] * bins[q][1];
    }
    out[2 * cell] = a / total;
    out[2 * cell + 1] = b / total;
  });
}

function softmaxed(logits, classes, temperature, channels, summarize) {
  const cells = logits.length / classes;
  const out = new Float32Array(cells * channels);
  const scaled = new Float64Array(classes);
  const mass = new Float64Array(classes);
  for (let cell = 0; cell < cells; cell++) {
    const at = cell * classes;
    let highest = -Infinity;
    for (let q = 0; q < classes; q++) highest = Math.max(highest, logits[at + q]);
    let total = 0;
    for (let q = 0; q < classes; q++) {
      scaled[q] = (logits[at + q] - highest) / temperature;
      total += mass[q] = Math.exp(scaled[q]);
    }
    summarize(cell, total, mass, scaled, out);
  }
  return out;
}

/** Fade chroma where the network is undecided, from 2.8 nats on, to a fifth at 4.0 at most. */
export function calm(ab, entropy, caution) {
  for (let cell = 0; cell < entropy.length; cell++) {
    const doubt = Math.min(Math.max((entropy[cell] - 2.8) / 1.2, 0), 1);
    const share = 1 - caution * 0.8 * doubt * doubt * (3 - 2 * doubt);
    ab[2 * cell] *= share;
    ab[2 * cell + 1] *= share;
  }
}

// ---- Network size to picture size: the fast guided filter (He and Sun 2015).

/**
 * Colours at picture size, any rows of them. In every window of the grid ab is a linear function
 * of L*; its gain and offset, enlarged and applied to the full-size L*, follow the edges there.
 */
export class Enlarged {
  constructor(ab, grid, small, frame) {
    const { picture, network, input } = frame;
    const cell = [0, 1].map((i) => ((picture[i] / network[i]) * input[i]) / grid[i]);
    this.cells = grid[0];
    this.cell = cell[0];
    this.width = picture[1];
    const guide = blockMeans(small, input, grid);
    this.planes = [0, 1].flatMap((channel) =>
      guided(ab.filter((_, i) => i % 2 === channel), guide, grid),
    ).map((plane) => widened(plane, grid, this.width, cell[1]));
  }

  /** a and b of the rows from `top` on, whose lightness is given. */
  rows(top, lightness) {
    const [gainA, offsetA, gainB, offsetB] = this.planes;
    const a = new Float32Array(lightness.length);
    const b = new Float32Array(lightness.length);
    for (let y = top, i = 0; i < lightness.length; y++) {
      const { first, share } = position(y, this.cell, this.cells);
      const upper = first * this.width;
      const lower = Math.min(first + 1, this.cells - 1) * this.width;
      const at = (plane, x) => plane[upper + x] + share * (plane[lower + x] - plane[upper + x]);
      for (let x = 0; x < this.width; x++, i++) {
        a[i] = at(gainA, x) * lightness[i] + at(offsetA, x);
        b[i] = at(gainB, x) * lightness[i] + at(offsetB, x);
      }
    }
    return [a, b];
  }
}

/** Gain and offset of each cell; a window whose variance of L* is below 25 counts as flat. */
function guided(values, guide, grid) {
  const mean = (plane) => boxMean(plane, grid);
  const product = (one, other) => one.map((value, i) => value * other[i]);
  const [centre, average] = [guide, values].map(mean);
  const squares = mean(product(guide, guide));
  const gain = mean(product(values, guide)).map(
    (both, i) => (both - average[i] * centre[i]) / (squares[i] - centre[i] ** 2 + 25),
  );
  const offset = average.map((value, i) => value - gain[i] * centre[i]);
  return [mean(gain), mean(offset)];
}

/** Means over windows of 3 x 3 cells, edges repeated. */
function boxMean(plane, [rows, columns]) {
  const inside = (i, length) => Math.min(Math.max(i, 0), length - 1);
  return plane.map((_, i) => {
    const y = Math.floor(i / columns);
    const x = i % columns;
    let sum = 0;
    for (let j = y - 1; j <= y + 1; j++) {
      for (let k = x - 1; k <= x + 1; k++) {
        sum += plane[inside(j, rows) * columns + inside(k, columns)];
      }
    }
    return sum / 9;
  });
}

function blockMeans(values, [height, width], [rows, columns]) {
  const [tall, wide] = [height / rows, width / columns];
  const means = new Float32Array(rows * columns);
  values.forEach((value, i) => {
    const row = Math.floor(i / width / tall);
    means[row * columns + Math.floor((i % width) / wide)] += value / (tall * wide);
  });
  return means;
}

/** Columns at picture width; rows stay few until they are asked for. */
function widened(plane, [rows, columns], width, cell) {
  const wide = new Float32Array(rows * width);
  for (let x = 0; x < width; x++) {
    const { first, share } = position(x, cell, columns);
    const next = Math.min(first + 1, columns - 1);
    for (let y = 0; y < rows; y++) {
      const left = plane[y * columns + first];
      wide[y * width + x] = left + share * (plane[y * columns + next] - left);
    }
  }
  return wide;
}
