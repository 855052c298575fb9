import { PRELUDE } from "./prelude.ts"

/*
 * Reads the entries after a position. A log that does not exist gets a hash with its epoch, so that its position stays valid;
 * a server that refuses to write does not refuse the read. ARGV: [8] `start`, `end`, `unknown` or `cursor`, [9] and [10] its
 * epoch and sequence, [11] and [12] the events and the bytes of a page. Reply: the state, the sequence after which the entries
 * begin, the reason of a gap, and three for each entry: its ID, the lengths of its events, and their texts. The first and the last
 * entry may have events outside of the page.
 */
export const READ: string = `${PRELUDE}
if not m.e then begin() end
local function isEarlier(at)
  for epoch, last in string.gmatch(m.o or '', '(%w+) (%d+)') do
    if epoch == A[9] then return at <= tonumber(last) end
  end
end
local first = oldest()
local seq, reason = A[8] == 'end' and m.s or first, ''
if A[8] == 'unknown' then reason = 'unknown'
elseif A[8] == 'cursor' then
  local at = tonumber(A[10])
  if A[9] ~= m.e and not isEarlier(at) then reason = 'epoch'
  elseif at > m.s then reason = 'future'
  elseif at < first then reason = 'trimmed'
  else seq = at end
end
pcall(save)
local out = state(first)
out[8], out[9] = int(seq), reason
local last, bytes = seq, 0
local function isFull() return last >= m.s or last - seq >= tonumber(A[11]) or bytes >= tonumber(A[12]) end
while not isFull() do
  local entries = call('XRANGE', L, int(last + 1), '+', 'COUNT', 16)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    last = tonumber(string.match(entry[1], '%d+'))
    bytes = bytes + #entry[2][2]
    out[#out + 1] = entry[1]
    out[#out + 1] = entry[2][1]
    out[#out + 1] = entry[2][2]
    if isFull() then break end
  end
end
return out
`
