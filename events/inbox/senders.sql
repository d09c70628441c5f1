-- name: role_exists
-- Whether the server has a role.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role);

-- name: bind_sender
-- Have a role send for these workspaces, and for no others.
INSERT INTO groundwork.sql_sender (role_name, workspaces) VALUES (:role, CAST(:workspaces AS text[]))
ON CONFLICT (role_name) DO UPDATE SET workspaces = excluded.workspaces;

-- name: free_sender
-- Let a role send for every workspace again.
DELETE FROM groundwork.sql_sender WHERE role_name = :role;

-- name: senders
-- Who may send by SQL: the members of groundwork_sender, and roles that are bound, each with its workspaces.
SELECT coalesce(member.rolname, bound.role_name) AS role,
       member.rolname IS NOT NULL AS may_send,
       bound.workspaces
FROM (
    SELECT role.rolname
    FROM pg_auth_members
    JOIN pg_roles AS role ON role.oid = pg_auth_members.member
    JOIN pg_roles AS granted ON granted.oid = pg_auth_members.roleid AND granted.rolname = 'groundwork_sender'
    GROUP BY role.rolname
) AS member
FULL JOIN groundwork.sql_sender AS bound ON bound.role_name = member.rolname
ORDER BY role;
