import { unstable_readConfig } from 'wrangler'
import * as z from 'zod'

const Binding = z.object({ binding: z.string() })

/** The part of a wrangler config that these scripts reason about; everything else stays wrangler's. */
const WorkerConfig = z.object({
  name: z.string(),
  main: z.string().optional(),
  kv_namespaces: z.array(Binding.extend({ id: z.string().optional() })).default([]),
  d1_databases: z
    .array(
      Binding.extend({
        database_name: z.string(),
        database_id: z.string().optional(),
        migrations_dir: z.string().optional(),
      }),
    )
    .default([]),
  r2_buckets: z.array(Binding.extend({ bucket_name: z.string(), jurisdiction: z.string().optional() })).default([]),
  queues: z.object({
    producers: z.array(Binding.extend({ queue: z.string() })).default([]),
    consumers: z.array(z.object({ queue: z.string(), dead_letter_queue: z.string().optional() })).default([]),
  }),
  services: z.array(Binding.extend({ service: z.string(), entrypoint: z.string().optional() })).default([]),
  durable_objects: z.object({
    bindings: z
      .array(z.object({ name: z.string(), class_name: z.string(), script_name: z.string().optional() }))
      .default([]),
  }),
  secrets: z.object({ required: z.array(z.string()).default([]) }).default({ required: [] }),
})
export type WorkerConfig = z.infer<typeof WorkerConfig>

/** wrangler's own reading of a config, for handing back to wrangler. */
export function readRaw(path: string): object {
  // Their type stems from a package that wrangler bundles but does not ship types of.
  return unstable_readConfig({ config: path }, { hideWarnings: true }) as object
}

/** A wrangler config as these scripts see it. */
export function readWorkerConfig(path: string): WorkerConfig {
  return WorkerConfig.parse(readRaw(path))
}
