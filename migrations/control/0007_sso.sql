-- Single sign-on of an organization with its own OpenID provider, for addresses of a domain that it proved is its own.
CREATE TABLE sso_connection (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL UNIQUE REFERENCES organization (id) ON DELETE CASCADE,
  domain TEXT NOT NULL, issuer TEXT NOT NULL, client_id TEXT NOT NULL,
  -- encrypted with a key that only the api holds
  client_secret TEXT NOT NULL,
  role TEXT NOT NULL, token TEXT NOT NULL, created_ms INTEGER NOT NULL, verified_ms INTEGER
);
-- Many may claim a domain, one can prove it.
CREATE UNIQUE INDEX sso_domain ON sso_connection (domain) WHERE verified_ms IS NOT NULL;
