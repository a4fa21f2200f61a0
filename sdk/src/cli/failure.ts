/** What ends a command with a message instead of a stack. */
export class CliError extends Error {
  readonly exitCode: number

  /** @param exitCode 1: it did not work; 2: it was asked for wrongly. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}

export const usageError = (message: string): CliError => new CliError(message, 2)
