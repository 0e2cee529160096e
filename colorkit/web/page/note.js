// The note that a model made the colours, as `colorkit inspect`, ExifTool and others read it: XMP
// metadata, put into files that the browser has encoded.

const SOURCE =
  "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
const NAMESPACES = {
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  Iptc4xmpExt: "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
  colorkit: "urn:colorkit:note:1.0/",
};
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** The packet, for a model ({name, sha256, colorkit}) and the options that were not the default. */
export function xmp({ name, sha256, colorkit }, options) {
  const said = {
    "rdf:about": "",
    "Iptc4xmpExt:DigitalSourceType": SOURCE,
    "Iptc4xmpExt:AISystemUsed": `colorkit ${name}`,
    "Iptc4xmpExt:AISystemVersionUsed": colorkit,
    "colorkit:Model": name,
    "colorkit:Sha256": sha256,
    "colorkit:Version": colorkit,
  };
  for (const [option, value] of Object.entries(options)) {
    said[`colorkit:${option[0].toUpperCase()}${option.slice(1)}`] = value;
  }
  for (const [prefix, uri] of Object.entries(NAMESPACES)) said[`xmlns:${prefix}`] = uri;
  const attributes = Object.entries(said).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="${NAMESPACES.rdf}">` +
    `<rdf:Description${attributes.join("")}></rdf:Description></rdf:RDF></x:xmpmeta>` +
    '<?xpacket end="w"?>'
  );
}

function escaped(value) {
  return String(value).replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

/** Parts of a JPEG file with the packet as its APP1 segment, after the JFIF header. */
export function addToJpeg(bytes, packet) {
  const content = encode(`http://ns.adobe.com/xap/1.0/\0${packet}`);
  const size = content.length + 2;
  const at = bytes[3] === 0xe0 ? 4 + (bytes[4] << 8) + bytes[5] : 2;
  const segment = [Uint8Array.of(0xff, 0xe1, size >> 8, size & 0xff), content];
  return [bytes.subarray(0, at), ...segment, bytes.subarray(at)];
}

/** Parts of a PNG file with the packet as an iTXt chunk, after the header. */
export function addToPng(bytes, packet) {
  const chunk = encode(`iTXtXML:com.adobe.xmp\0\0\0\0\0${packet}`);
  const at = 8 + 25; // signature and IHDR
  const parts = [number(chunk.length - 4), chunk, number(crc(chunk))];
  return [bytes.subarray(0, at), ...parts, bytes.subarray(at)];
}

function encode(text) {
  return new TextEncoder().encode(text);
}

function number(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** CRC-32 as PNG wants it. */
function crc(bytes) {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (0xedb88320 & -(rest & 1));
  }
  return ~rest >>> 0;
}
