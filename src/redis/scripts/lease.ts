import { PRELUDE } from "./prelude.ts"

/*
 * Claims a log. The lease is made by the caller, so that a claim that is sent again returns the same lease. ARGV: [8] the lease,
 * [9] the ttl, [10] its length, [11] whether to take over. Reply: the state, and `claimed` if the lease is that of the log.
 */
export const CLAIM: string = `${PRELUDE}
local isNew = m.t ~= A[8] or m.d
if isNew then
  if m.u and status() ~= 'open' and A[11] == '' then
    save()
    return state(oldest())
  end
  begin()
  if call('EXISTS', L) == 0 then
    put('f', m.s)
    put('b', 0)
  end
  for _, name in ipairs({'d', 'D', 'c'}) do put(name) end
  put('t', A[8])
  put('u', '1')
end
put('k', tonumber(A[9]))
put('i', tonumber(A[10]))
put('w', now)
save()
call('PEXPIRE', L, int(m.k))
if isNew then tell('') end
local out = state(oldest())
out[8] = 'claimed'
return out
`

/*
 * Ends a running log. The cancel is named by the caller, so that one that is sent again has the same reply. ARGV: [8] the
 * cancel, [9] the reason. Reply: the time, and `cancelled` if the log was running.
 */
export const CANCEL: string = `${PRELUDE}
local isRunning = m.u and status() == 'running'
if isRunning then
  put('c', A[8])
  finish('cancelled', A[9], 'cancel')
end
if m.e then save() end
return {int(now), (isRunning or m.c == A[8]) and 'cancelled' or ''}
`

/* Removes a log. Its epoch and its last sequence stay, so that no cursor is used twice. Reply: the time. */
export const DROP: string = `${PRELUDE}
if m.u then
  forget()
  save()
  tell('')
end
return {int(now), ''}
`
