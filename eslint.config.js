import svelte from 'eslint-plugin-svelte'
import ts from 'typescript-eslint'

/** What a pure module may not reach for: it gets the facts as arguments. */
const impure = [
  { object: 'Date', property: 'now', message: 'The domain reads no clock: take the time as an argument.' },
  { object: 'Math', property: 'random', message: 'The domain rolls no dice: take the value as an argument.' },
  { object: 'performance', property: 'now', message: 'The domain reads no clock: take the time as an argument.' },
]
const platform = ['fetch', 'crypto', 'caches', 'process', 'Buffer', 'console', 'setTimeout', 'setInterval'].map(
  (name) => ({
    name,
    message: 'The domain touches no platform: give it a function as an argument.',
  }),
)

const wholeZod = {
  selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
  message: 'Write import * as z: the object z brings every language of every message, 65 kB gzip.',
}

export default ts.config(
  {
    ignores: [
      '**/node_modules',
      '**/.svelte-kit',
      '.build',
      '**/dist',
      '.data',
      '**/.wrangler',
      'coverage',
      '**/worker-configuration.d.ts',
    ],
  },
  {
    rules: {
      'no-restricted-syntax': ['error', wholeZod],
      'no-undef': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['web/**'],
    extends: [...ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // A method that answers a promise by contract need not await anything.
      '@typescript-eslint/require-await': 'off',
      // Types of what comes from outside are hopes; a check of them is no mistake.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // The types of the Workers runtime declare Buffer as `any`; what is stored under a name is still checked.
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/restrict-plus-operands': [
        'error',
        { allowAny: true, allowNullish: true, allowNumberAndString: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        Headers: false,
        Response: false,
        HTMLRewriter: false,
        URL: false,
        crypto: false,
        module: false,
        require: false,
        process: false,
        console: false,
      },
    },
  },
  {
    files: ['web/**/*.ts', 'web/**/*.svelte'],
    extends: [...ts.configs.strict],
    rules: {
      // svelte-check knows every name, and types too.
      'no-undef': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  // After the TypeScript rules, whose parser would take .svelte files for scripts.
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } },
    rules: {
      // `let { … } = $props()` is how Svelte says it.
      'prefer-const': 'off',
      'svelte/prefer-const': 'error',
      // The dashboard lives at the root of its origin: there is no base path to resolve.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs', '**/*.cjs', '**/*.svelte'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'off',
    },
    plugins: { '@typescript-eslint': ts.plugin },
  },
  // Written from the contract, as long as that is.
  { files: ['sdk/src/contract.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['workers/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'sdk/**/*.ts', 'web/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['workers/domain/**/*.ts', 'workers/contract/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...impure],
      'no-restricted-globals': ['error', ...platform],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The domain reads no clock: take the time as an argument.',
        },
        wholeZod,
      ],
    },
  },
  // Programs of users, written as users write them.
  { files: ['test/clients/*/*.mjs'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
)
