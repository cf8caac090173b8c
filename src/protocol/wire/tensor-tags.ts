/** Tags of a tensor's fields, number and wire type together, for both directions. */
export const tensorTags = {
  name: 0x0a,
  datatype: 0x12,
  packedShape: 0x1a,
  /** A dimension that is not packed. */
  dimension: 0x18,
  parameters: 0x22,
  contents: 0x2a,
} as const;
