import { AppError } from '../../domain/errors.ts'
import { fromLangSmith, type RunMessage } from '../../domain/wire/langsmith.ts'
import { BODY_BYTES_MAX } from '../body.ts'
import type { Env } from '../env.ts'
import { mediaType } from '../events.ts'
import { assertAnyTaken, receiptHeaders, refusalsOf, type Taken } from './answer.ts'
import { idInPath, jsonOf, objectIn, optionalListIn } from './json.ts'
import { runsOfForm } from './multipart.ts'
import { postWire } from './post.ts'

const RUNS_MAX = 100
/** Room for what a request holds beside its runs. */
const BYTES_MAX = BODY_BYTES_MAX - 500_000

/** `GET /info`: how LangSmith's clients learn what they may send. A page of the dashboard is asked for as HTML. */
export async function getInfo(request: Request, env: Env): Promise<Response> {
  if (request.headers.get('accept')?.includes('text/html')) return env.WEB.fetch(request)
  return Response.json({
    version: '0.10.0',
    instance_flags: { zstd_compression_enabled: false, gzip_body_enabled: true },
    batch_ingest_config: {
      use_multipart_endpoint: true,
      size_limit: RUNS_MAX,
      size_limit_bytes: BYTES_MAX,
      scale_up_qsize_trigger: 1000,
      scale_up_nthreads_limit: 16,
      scale_down_nempty_trigger: 4,
    },
  })
}

/** `POST /runs`. */
export const postRun = langsmith((body) => [{ run: objectIn(body), isPatch: false }])

/** `PATCH /runs/{id}`. */
export const patchRun = langsmith((body, request) => {
  return [{ run: { ...objectIn(body), id: idInPath(request) }, isPatch: true }]
})

/** `POST /runs/batch`. */
export const postRuns = langsmith((body) => {
  const parsed = jsonOf(body)
  const posted = optionalListIn(parsed, 'post').map((run) => ({ run, isPatch: false }))
  return [...posted, ...optionalListIn(parsed, 'patch').map((run) => ({ run, isPatch: true }))]
})

/** `POST /runs/multipart`. */
export const postForm = langsmith((body, request) => {
  const type = request.headers.get('content-type') ?? ''
  if (mediaType(type) !== 'multipart/form-data')
    throw new AppError('unsupported_media_type', 'Send multipart/form-data, or JSON to /runs/batch.')
  return runsOfForm(body, type)
})

function langsmith(read: (body: Uint8Array, request: Request) => RunMessage[] | Promise<RunMessage[]>) {
  return postWire({
    client: 'langsmith',
    isJoined: true,
    read: async (body, request) => fromLangSmith(await read(body, request)),
    answer,
  })
}

function answer(taken: Taken): Response {
  assertAnyTaken(taken)
  const rejected = refusalsOf(taken)
  const body = { message: 'Runs batch ingested', ...(rejected.length > 0 && { rejected }) }
  return Response.json(body, { status: 202, headers: receiptHeaders(taken) })
}
