// Reads the packed arrays and paints: strips of neurons, a layer's weights, heat over the portrait.
const NOTHING = -32768, EMPTY = -999;
const KINDS = {u1: Uint8Array, u4: Uint32Array, i2: Int16Array, f4: Float32Array};
const unpack = (words, kind) => {
  const text = atob(words), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[kind](bytes.buffer);
};
const STRIP_ARRAYS = {rank: 'u4', peak: 'u1', other: 'u4'};
const SIZES = ['name', 'neurons', 'width'];
const readStrip = (strip) => Object.fromEntries(Object.entries(strip).map(([key, words]) =>
  [key, SIZES.includes(key) ? words : unpack(words, STRIP_ARRAYS[key] || 'f4')]));
const readMaps = (maps) => maps && {...maps, maps: unpack(maps.maps, 'u1')};

// Cividis, at nine places; between them it is linear.
const CIVIDIS = [[0, 32, 76], [0, 51, 106], [53, 71, 108], [87, 93, 109], [114, 116, 115],
  [144, 139, 119], [175, 164, 113], [210, 192, 96], [255, 233, 69]];
const cividis = (share) => {
  const at = Math.min(Math.max(share, 0), 1) * 8, low = Math.min(Math.floor(at), 7), part = at - low;
  return CIVIDIS[low].map((v, c) => v + part * (CIVIDIS[low + 1][c] - v));
};

const prepare = (canvas, height) => {
  const sharp = Math.min(window.devicePixelRatio || 1, 2), width = canvas.clientWidth;
  canvas.style.height = height + 'px';
  const wide = Math.max(1, Math.round(width * sharp)), high = Math.round(height * sharp);
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const pen = canvas.getContext('2d');
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width];
};
// The columns that a pixel of a strip covers: [first, behind the last], never none.
const columnsAt = (strip, zoom, x, width) => {
  const columns = strip.rank.length;  // the last may have fewer neurons than the others
  const place = (at) => (zoom[0] + (zoom[1] - zoom[0]) * at / width) * strip.neurons / strip.width;
  const first = Math.min(Math.floor(place(x)), columns - 1);
  return [first, Math.min(Math.max(Math.ceil(place(x + 1) - 1e-9), first + 1), columns)];
};
const highest = (values, first, end) => {
  let best = NOTHING;
  for (let i = first; i < end; i++) if (values[i] > best) best = values[i];
  return best;
};
const furthest = (values, first, end) => {
  let best = 0;
  for (let i = first; i < end; i++) if (Math.abs(values[i]) > Math.abs(best)) best = values[i];
  return best;
};
const least = (values, first, end) => {
  let best = Infinity;
  for (let i = first; i < end; i++) if (values[i] < best) best = values[i];
  return best;
};
const changes = (before, after) => after && Float32Array.from(before, (v, i) =>
  v === NOTHING || after[i] === NOTHING ? 0 : after[i] - v);

// A colour as a pixel of a picture's buffer.
const pixelOf = (hex) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
};
// One strip: importance above the middle band, Fisher below it. The band has a row of marks for
// what is pruned, one for what may change, and one for what the other person would lose. It is
// painted pixel by pixel: paths of so many boxes took several times as long.
const paintStrip = (canvas, strip, lanes, look) => {
  const {zoom, count, level, half, band, scale, signed, colours} = look;
  const height = 2 * half + band, [pen, width] = prepare(canvas, height);
  const wide = canvas.width, sharp = wide / width, picture = pen.createImageData(wide, canvas.height);
  const pixels = new Uint32Array(picture.data.buffer), at = (y) => Math.round(y * sharp);
  const box = (x, top, bottom, colour) => {
    for (let y = at(top), end = at(bottom); y < end; y++) pixels[y * wide + x] = colour;
  };
  const row = (band - 1) / (strip.other ? 3 : 2);
  for (let x = 0; x < wide; x++) {
    const [first, end] = columnsAt(strip, zoom, x, wide);
    const chosen = least(strip.rank, first, end) < count;
    const open = strip.median && highest(strip.median, first, end) >= level;
    const theirs = strip.other && least(strip.other, first, end) < count;
    lanes.forEach((values, lane) => {
      if (!values) return;
      const colour = (lane ? open : chosen) ? colours.mine : colours.kept, top = lane * (half + band);
      if (signed) {
        const change = furthest(values, first, end), middle = top + half / 2;
        const size = Math.min(Math.abs(change) / scale[lane], 1) * half / 2;
        box(x, middle, middle + 1 / sharp, colours.line);
        box(x, change > 0 ? middle - size : middle, change > 0 ? middle : middle + size, colour);
      } else {
        const size = Math.min(Math.max(highest(values, first, end), 0) / scale[lane], 1) * half;
        box(x, lane ? top : half - size, lane ? top + size : half, colour);
      }
    });
    box(x, half, half + band, colours.band);
    if (chosen) box(x, half + 1, half + row, colours.mine);
    if (open) box(x, half + 1 + row, half + 2 * row, colours.mine);
    if (theirs) box(x, half + 1 + 2 * row, half + 3 * row, colours.theirs);
  }
  pen.putImageData(picture, 0, 0);
  return [pen, width, height];
};
// A line through a neuron's place, with a foot where it is the picked one.
const paintCursor = (pen, width, height, strip, zoom, neuron, colour, picked) => {
  const x = ((neuron + 0.5) / strip.neurons - zoom[0]) / (zoom[1] - zoom[0]) * width;
  if (x < 0 || x > width) return;
  pen.fillStyle = colour;
  pen.fillRect(x - 0.75, 0, 1.5, height);
  if (picked) for (const [y, way] of [[0, 6], [height, -6]]) {
    pen.beginPath();
    pen.moveTo(x - 5, y); pen.lineTo(x + 5, y); pen.lineTo(x, y + way); pen.fill();
  }
};

// A layer's weights: cividis by ratio, a dot where most of a cell may change, the rest faded.
const paintWeights = (canvas, picture, neurons, look) => {
  const high = 4, split = 8, height = picture.rows * high + split;
  const [pen, width] = prepare(canvas, height);
  const {rows, columns, inputs, fill, mark} = picture, {zoom, level, range} = look;
  const shade = (at) => (fill[at] - range[0]) / (range[1] - range[0]);
  const each = Math.ceil(neurons / columns) / neurons;  // of the axis, for a column
  const wide = width / (zoom[1] - zoom[0]) * each, dots = {light: new Path2D(), dark: new Path2D()};
  const cells = new ImageData(columns, rows), size = Math.max(1, Math.min(0.4 * wide, 2.2));
  for (let at = 0; at < fill.length; at++) {
    if (fill[at] === EMPTY) continue;
    const inside = mark[at] >= level, share = shade(at), colour = cividis(share);
    for (let c = 0; c < 3; c++) cells.data[4 * at + c] = colour[c];
    cells.data[4 * at + 3] = inside ? 255 : 100;
    const row = Math.floor(at / columns), x = (at % columns - zoom[0] / each) * wide;
    if (inside && x > -wide && x < width) dots[share > 0.55 ? 'dark' : 'light']
      .rect(x + (wide - size) / 2, row * high + (row < inputs ? 0 : split) + 1.2, size, 1.6);
  }
  const sheet = document.createElement('canvas');
  Object.assign(sheet, {width: columns, height: rows}).getContext('2d').putImageData(cells, 0, 0);
  pen.imageSmoothingEnabled = false;
  for (const [first, count] of [[0, inputs], [inputs, rows - inputs]])
    pen.drawImage(sheet, 0, first, columns, count,
      -zoom[0] / each * wide, first * high + (first ? split : 0), columns * wide, count * high);
  for (const [name, colour] of [['light', '#ffffff'], ['dark', '#000000']]) {
    pen.fillStyle = colour;
    pen.fill(dots[name]);
  }
  return [pen, width, height];
};

// Heat of a small square over a greyed portrait, as the lab's own pictures have it.
const paintHeat = (canvas, portrait, side, heat) => {
  const size = canvas.width, pen = canvas.getContext('2d');
  pen.drawImage(portrait, 0, 0, size, size);
  const picture = pen.getImageData(0, 0, size, size), p = picture.data;
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    const place = (at) => Math.min(Math.max((at + 0.5) * side / size - 0.5, 0), side - 1);
    const fx = place(x), fy = place(y), x0 = Math.floor(fx), y0 = Math.floor(fy);
    const x1 = Math.min(x0 + 1, side - 1), y1 = Math.min(y0 + 1, side - 1);
    const a = fx - x0, b = fy - y0, v = (r, c) => heat[r * side + c] / 255;
    const share = (1 - b) * ((1 - a) * v(y0, x0) + a * v(y0, x1))
      + b * ((1 - a) * v(y1, x0) + a * v(y1, x1));
    const at = 4 * (y * size + x), weight = 0.15 + 0.6 * share, colour = cividis(share);
    const grey = 0.9 * (0.299 * p[at] + 0.587 * p[at + 1] + 0.114 * p[at + 2]);
    for (let c = 0; c < 3; c++) p[at + c] = grey * (1 - weight) + colour[c] * weight;
  }
  pen.putImageData(picture, 0, 0);
};
