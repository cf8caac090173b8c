/** A model of one's own: degrees Celsius to degrees Fahrenheit. */

const absoluteZero = -273.15;

/** @type {import('kserve-env').ModelModule['createModel']} */
export function createModel({ parameters }) {
  const digits = Number(parameters.digits ?? 1);
  return {
    inputs: [{ name: 'celsius', datatype: 'FP64', shape: [-1] }],
    outputs: [{ name: 'fahrenheit', datatype: 'FP64', shape: [-1] }],
    predict([celsius]) {
      const degrees = /** @type {Float64Array} */ (celsius.data);
      if (degrees.some((value) => value < absoluteZero)) {
        throw Object.assign(new Error('celsius is below absolute zero'), { code: 'INVALID_ARGUMENT' });
      }
      return [{ name: 'fahrenheit', data: Array.from(degrees, (value) => Number((value * 1.8 + 32).toFixed(digits))) }];
    },
  };
}
