/** When two attributes, and two sets of them, are equal: one text for each value, the same from both formats. */
import type { Attribute } from './otlp-document.js';

/** A value of an attribute (`AnyValue`) as text that starts with its type; two texts are equal where the values are. */
export const valueText = {
  /** A value that is not set. */
  empty: '',
  string: (value: string) => `s${value}`,
  bool: (value: boolean) => (value ? 'b1' : 'b0'),
  int: (value: number | bigint) => `i${value}`,
  /** Zero has no sign here: attributes that differ in nothing else are the same to people. */
  double: (value: number) => `d${value}`,
  bytes: (value: Uint8Array) => `x${Buffer.from(value).toString('hex')}`,
  array: (values: readonly string[]) => `a${values.map(counted).join('')}`,
  /** The order of entries means nothing. */
  map: (entries: readonly Pick<Attribute, 'key' | 'value'>[]) => `m${identityOf(entries)}`,
};

/** Equal for equal sets of attributes, in whatever order they are. */
export function identityOf(attributes: readonly Pick<Attribute, 'key' | 'value'>[]): string {
  const parts = attributes.map(({ key, value }) => counted(key) + counted(value));
  return parts.length < 2 ? (parts[0] ?? '') : parts.sort().join('');
}

/** Equal for equal scopes; a scope without anything is as none. */
export function scopeIdentity(name: string, version: string, attributes: string): string {
  return name === '' && version === '' && attributes === '' ? '' : counted(name) + counted(version) + attributes;
}

/** `{cpu=0, state=idle}`, for people. */
export function attributesForPeople(attributes: readonly Pick<Attribute, 'key' | 'value'>[]): string {
  return `{${attributes.map(({ key, value }) => `${key}=${value.slice(1)}`).join(', ')}}`;
}

/** With its length in front no text runs into the next. */
export function counted(text: string): string {
  return `${text.length}:${text}`;
}
