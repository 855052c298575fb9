import { PRELUDE } from "./prelude.ts"

/*
 * Appends, all or none of each. ARGV: [8] the lease, [9] and [10] the end and its detail, [11] whether the log must exist, then
 * five for each entry: the field of the producer (`+` in a further entry of the same append), its number, the number of events,
 * their lengths and their texts. Reply: the time, the epoch, and three for each append: what was done, the sequence before its
 * events, and their number.
 *
 * A log is trimmed when its sequence passes a multiple of 16, and when it has too many bytes, so at most 15 events wait to be
 * trimmed. Whole entries are removed, of at most 100 events. Each trim may remove more entries than the script has added.
 */
export const APPEND: string = `${PRELUDE}
local out, lens, data, size = {int(now), ''}, {}, {}, 0
local after, fate, who, number, from, live, isNew
local function refusal()
  if A[8] ~= '' and A[8] ~= m.t then return 'lease' end
  if A[11] ~= '' and not m.u then return 'absent' end
  if m.d then return m.d end
  if m.t and A[8] == '' then return 'producer' end
end
local function answer(...)
  for _, value in ipairs({...}) do out[#out + 1] = value end
end
local function store(count, lengths, text)
  if live == nil then
    live = call('EXISTS', L)
    if live == 0 then
      put('f', m.s)
      put('b', 0)
      put('a', now)
    end
  end
  put('s', m.s + count)
  put('b', m.b + #text)
  call('XADD', L, int(m.s) .. '-' .. int(now), lengths, text)
  lens[#lens + 1], data[#data + 1], size = lengths, text, size + #text
end
for at = 12, #A, 5 do
  local count = tonumber(A[at + 2])
  if A[at] ~= '+' then
    fate, who, number = nil, A[at], A[at + 1]
    local seen = who ~= '' and (m[who] or call('HGET', M, who))
    local last, first, total
    if seen then last, first, total = string.match(seen, '(%S+) (%S+) (%S+)')
    elseif who ~= '' then isNew = true end
    if last and tonumber(number) <= tonumber(last) then
      fate = 'again'
      local same = tonumber(number) == tonumber(last)
      answer(fate, same and first or '', total)
    else
      fate = refusal() or count == 0 and A[9] == '' and not m.u and 'nothing'
      if fate then
        answer(fate, '', '')
      else
        begin()
        after = after or m.s
        from = m.s
        put('u', '1')
        answer('stored', int(from), '')
      end
    end
  end
  if not fate then
    if count > 0 then store(count, A[at + 3], A[at + 4]) end
    if who ~= '' then put(who, number .. ' ' .. int(from) .. ' ' .. int(m.s - from) .. ' ' .. int(now)) end
  end
end
out[2] = m.e or ''
if not after then
  if m.e then save() end
  return out
end
put('w', now)
if A[9] ~= '' then
  put('d', A[9])
  if A[10] ~= '' then put('D', A[10]) end
end
local events, bytes = tonumber(A[6]), tonumber(A[7])
local function trim()
  for _ = 1, 8 + #data do
    local cut
    for _, entry in ipairs(call('XRANGE', L, '-', '+', 'COUNT', 16)) do
      local seq, ms = string.match(entry[1], '(%d+)-(%d+)')
      seq, ms = tonumber(seq), tonumber(ms)
      put('a', ms)
      local left = m.b - #entry[2][2]
      if seq >= m.s or m.s - seq < events and left < bytes and ms > now - age then break end
      cut = seq + 1
      put('f', seq)
      put('b', left)
    end
    if not cut then return end
    call('XTRIM', L, 'MINID', int(cut))
  end
end
local isOld = m.a and m.a < now - age * 1.1
local isFull = m.b and (m.s - m.s % 16 > after or m.b > bytes + math.min(bytes / 10, 65536))
if not m.t and m.b and (isOld or isFull) then trim() end
call('PEXPIRE', L, int(m.t and m.k or age))
save()
if isNew and call('HLEN', M) > 216 then
  local all, old = call('HGETALL', M), {}
  for at = 1, #all, 2 do
    if string.sub(all[at], 1, 1) == ':' then old[#old + 1] = {tonumber(string.match(all[at + 1], '%d+$')), all[at]} end
  end
  table.sort(old, function(one, two) return one[1] < two[1] end)
  for at = 1, #old - 100 do call('HDEL', M, old[at][2]) end
end
if m.s > after or A[9] ~= '' then
  tell(size > 65536 and '' or news(after, '', table.concat(lens, ','), table.concat(data)))
end
return out
`
