/** One rule for each arrow that must not exist; CONTRIBUTING.md draws those that may. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
})

const home = (library, where) => ({
  name: `${library.replace(/\W+$/, '')}-has-one-home`,
  comment: `${library} is used in one place, so that replacing it stays cheap`,
  severity: 'error',
  from: { path: '^workers/', pathNot: where },
  to: { path: `^(node_modules/)?${library}` },
})

module.exports = {
  forbidden: [
    only(
      'contract-is-leaf',
      '^workers/contract/',
      ['^workers/contract/', '^node_modules/zod/'],
      'The contract is what others may know of us',
    ),
    only(
      'domain-is-pure',
      '^workers/domain/',
      ['^workers/(domain|contract)/'],
      'Facts in, decision out: no platform, no library',
    ),
    only(
      'services-know-ports-only',
      '^workers/services/',
      ['^workers/(services|domain|contract)/', '^node_modules/zod/'],
      'A service names what it needs; an entry hands it in',
    ),
    {
      name: 'adapters-implement-ports',
      severity: 'error',
      from: { path: '^workers/adapters/' },
      to: { path: '^workers/', pathNot: '^workers/(adapters|domain|contract|services)/' },
    },
    {
      name: 'adapters-take-only-types-of-services',
      severity: 'error',
      from: { path: '^workers/adapters/' },
      to: { path: '^workers/services/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'entries-get-adapters-handed-in',
      comment: 'Only the composition root of an entry may construct adapters',
      severity: 'error',
      from: { path: '^workers/(edge|api|pipeline)/', pathNot: '/(index|deps|deps-\\w+|operations)\\.ts$' },
      to: { path: '^workers/adapters/' },
    },
    {
      name: 'entries-are-islands',
      comment: 'An entry may know the types of what another answers over RPC, nothing else of it',
      severity: 'error',
      from: { path: '^workers/(edge|api|pipeline)/' },
      to: { path: '^workers/(edge|api|pipeline)/', pathNot: '^workers/$1/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workers-know-no-tooling',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^(scripts|bench|test|web|examples)/' },
    },
    {
      name: 'web-sees-contract-only',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(workers|scripts|bench|test)/', pathNot: '^workers/contract/' },
    },
    {
      name: 'features-are-islands',
      severity: 'error',
      from: { path: '^web/src/lib/features/([^/]+)/' },
      // Filters and panels of views are what other features are built with.
      to: { path: '^web/src/lib/features/', pathNot: '^web/src/lib/features/($1|filters|views)/' },
    },
    {
      name: 'ui-is-leaf',
      severity: 'error',
      from: { path: '^web/src/lib/ui/' },
      to: { path: '^(web/src/(lib/(features|api)|routes)|workers)/' },
    },
    {
      name: 'sdk-stands-alone',
      comment: 'What is published needs nothing of ours, no package, and no platform',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: '^sdk/src/cli/' },
      to: { pathNot: '^sdk/src/' },
    },
    {
      name: 'sdk-cli-needs-node-alone',
      comment: 'The command line is of the same package, and may use Node besides',
      severity: 'error',
      from: { path: '^sdk/src/cli/' },
      to: { pathNot: '^sdk/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'examples-are-outside-programs',
      comment: 'The fleet uses what any client could: HTTP and published packages',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(workers|scripts|web|bench|test)/' },
    },
    home('hono/', '^workers/(api|edge)/'),
    home('@hono/zod-openapi', '^workers/api/'),
    home('drizzle-orm', '^workers/adapters/'),
    home('better-auth', '^workers/(adapters|api)/'),
    home('@pydantic/genai-prices', '^workers/adapters/'),
    home('@bsull/augurs', '^workers/adapters/forecast/'),
    home('hyparquet-writer', '^workers/adapters/'),
    {
      name: 'platform-has-its-places',
      severity: 'error',
      from: { path: '^workers/', pathNot: '^workers/(adapters|edge|api|pipeline)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'runtime-modules-have-their-places',
      severity: 'error',
      from: { path: '^workers/', pathNot: '^workers/(adapters|edge|api|pipeline)/' },
      to: { path: '^cloudflare:' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      // The counting entries stand beside a built bundle, which is not there before it is built.
      from: {
        path: '^(workers|scripts|bench|web/src/lib)/',
        pathNot: '^bench/(counting|yardstick)/(edge|pipeline)\\.mjs$',
      },
      to: { couldNotResolve: true, pathNot: '^(cloudflare:|\\$(app|env)/)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'scripts/check/imports.tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(\\.svelte-kit|\\.build|worker-configuration\\.d\\.ts)' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.svelte', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
}
