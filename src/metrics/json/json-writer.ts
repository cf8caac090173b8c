/** A new metric in OTLP/JSON. */
import type { NewMetric, NewPoint } from '../otlp-document.js';

/** @param source text of the input, one character a byte, that attributes are copied from; the result is of that kind */
export function metricText(source: string, { name, description, points }: NewMetric): string {
  const ownTexts = new Map<NewPoint['own'], string>();
  const ownText = (own: NewPoint['own']) => {
    // Most points of a metric share theirs.
    const text = ownTexts.get(own) ?? own.map(attributeText).join(',');
    ownTexts.set(own, text);
    return text;
  };
  const dataPoints = points.map((point) => pointText(source, point, ownText(point.own))).join(',');
  return `{"name":${quoted(name)},"description":${quoted(description)},"gauge":{"dataPoints":[${dataPoints}]}}`;
}

function attributeText({ key, value }: NewPoint['own'][number]): string {
  const text = typeof value === 'bigint' ? `{"intValue":"${value}"}` : `{"stringValue":${quoted(value)}}`;
  return `{"key":${quoted(key)},"value":${text}}`;
}

function pointText(source: string, { copied, startTime, time, value }: NewPoint, own: string): string {
  let attributes = '';
  for (const { start, end } of copied) attributes += `${source.slice(start, end)},`;
  attributes = own === '' ? attributes.slice(0, -1) : attributes + own;
  const start = startTime === 0n ? '' : `"startTimeUnixNano":"${startTime}",`;
  const end = time === 0n ? '' : `"timeUnixNano":"${time}",`;
  const number = 'asInt' in value ? `"asInt":"${value.asInt}"` : `"asDouble":${doubleText(value.asDouble)}`;
  return `{"attributes":[${attributes}],${start}${end}${number}}`;
}

/** −0 with a fraction, since readers make an integer, and so a positive one, of `-0`. */
function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return `"${value}"`;
}

/** In ASCII, which is the same in every encoding. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
