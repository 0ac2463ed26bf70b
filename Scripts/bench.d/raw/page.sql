SELECT document FROM entity WHERE tenant = 1 AND typeset = :stations ORDER BY key LIMIT 20;
