-- How many songs each user has asked for in the last 24 hours. Only the edge function, with the project's
-- secret key, can use it: no policy lets anybody else in, and the functions are granted to no other role.

create table public.songwright_requests (
  user_id uuid not null references auth.users (id) on delete cascade,
  request text not null check (length(request) between 1 and 128),
  calls integer not null default 1,
  taken_at timestamptz not null default clock_timestamp(),
  primary key (user_id, request)
);

comment on table public.songwright_requests is
  'A row for each request of a user to generate-music; calls are those under way or answered with a song.';

alter table public.songwright_requests enable row level security;
revoke all on table public.songwright_requests from public, anon, authenticated;

-- Takes one of the user's songs, unless this request has one already: a call that is sent again costs nothing.
-- Calls of one user wait for each other, so that of many at once no more are granted than there are.
create function public.songwright_take(of_user uuid, of_request text, per_day integer)
returns json
language plpgsql
security definer
set search_path = ''
as $$
declare
  calls_before integer;
  used integer;
  first timestamptz;
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('songwright ' || of_user::text, 0));
  delete from public.songwright_requests
    where user_id = of_user and taken_at < clock_timestamp() - interval '24 hours';
  select calls into calls_before from public.songwright_requests
    where user_id = of_user and request = of_request;
  if calls_before >= 20 then
    return json_build_object('granted', false, 'repeated', true, 'wait_s', 3600);
  end if;
  if calls_before is null then
    select count(*), min(taken_at) into used, first from public.songwright_requests where user_id = of_user;
    if used >= per_day then
      return json_build_object(
        'granted', false,
        'wait_s', greatest(1, ceil(extract(epoch from first + interval '24 hours' - clock_timestamp())))
      );
    end if;
    insert into public.songwright_requests (user_id, request) values (of_user, of_request);
  else
    update public.songwright_requests set calls = calls + 1
      where user_id = of_user and request = of_request;
  end if;
  return json_build_object('granted', true, 'wait_s', 0);
end
$$;

-- Gives back what a call took that came to nothing. The row goes with the last call that has it: another of
-- the same request may have its song.
create function public.songwright_give_back(of_user uuid, of_request text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('songwright ' || of_user::text, 0));
  update public.songwright_requests set calls = calls - 1
    where user_id = of_user and request = of_request;
  delete from public.songwright_requests
    where user_id = of_user and request = of_request and calls <= 0;
end
$$;

revoke all on function public.songwright_take(uuid, text, integer) from public, anon, authenticated;
revoke all on function public.songwright_give_back(uuid, text) from public, anon, authenticated;
grant execute on function public.songwright_take(uuid, text, integer) to service_role;
grant execute on function public.songwright_give_back(uuid, text) to service_role;
