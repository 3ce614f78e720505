-- Roles with least rights, made when the database is: `owner` sets up the schema of the hive, `worker` works with it.
CREATE ROLE worker LOGIN PASSWORD 'for-a-first-look';
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE ON SCHEMAS TO worker;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO worker;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO worker;
