/** What cases need to have faults in force that no single call can ask for. */

/** Orders faults of the server that is checked. */
export interface FaultPort {
  /** Adds the faults of a text such as `not-ready model=simple_scaler`; settles when they are in force. Their ids. */
  add(text: string): Promise<string[]>;
  /** Takes faults back, also after the run was interrupted; what is not there is no error. */
  clear(ids: readonly string[]): Promise<void>;
}
