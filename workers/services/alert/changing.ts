import { ALERTS_MOVE } from '../../contract/alert.ts'
import { AppError } from '../../domain/errors.ts'

const RETRY_SECONDS = 60

/** A change of an organization's alerts. @throws AppError unavailable while they move to another region. */
export async function changing<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(ALERTS_MOVE))) throw error
    throw new AppError('unavailable', 'This organization is moving to another region: try again in a minute.', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
}
