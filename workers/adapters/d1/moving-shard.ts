import { AppError } from '../../domain/errors.ts'

const RETRY_SECONDS = 60

/** Runs a write of what a shard holds still while its organization moves. @throws AppError unavailable meanwhile. */
export async function unlessMoving<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!String(error).includes('the organization is moving')) throw error
    throw new AppError('unavailable', 'This organization is moving to another region: try again in a minute.', {
      cause: error,
      retryAfterSeconds: RETRY_SECONDS,
    })
  }
}
