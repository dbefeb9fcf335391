// Lets Python run a Verilated design many clocks at a time and take its states along.
//
// Python crosses into C++ once every few thousand steps. In between, this file turns the clock,
// watches the strobes and copies the probed signals into NumPy's memory. It knows no design:
// ports come from the generated ports.inc, all other signals by name from the design's own table.

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vdut.h"
#include "Vdut___024root.h"
#include "verilated.h"
#include "verilated_syms.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif VM_TRACE_VCD
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;

// Remembers what the system said first. Without it a full disk would end the Python process.
struct File final : VerilatedVcdFile {
    int fault = 0;

    bool open(const std::string& name) override {
        const bool opened = VerilatedVcdFile::open(name);
        if (!opened) fault = errno;
        return opened;
    }
    ssize_t write(const char* data, ssize_t size) override {
        if (fault) return size;
        const ssize_t got = VerilatedVcdFile::write(data, size);
        if (got >= 0 || errno == EAGAIN || errno == EINTR) return got;
        fault = errno;
        return size;
    }
};
#endif

// Without these, a failing assertion or a loop of gates would end the Python process.
void vl_finish(const char* file, int line, const char*) {
    throw std::runtime_error(std::string("$finish at ") + file + ":" + std::to_string(line));
}
void vl_stop(const char* file, int line, const char*) {
    throw std::runtime_error(std::string("$stop at ") + file + ":" + std::to_string(line));
}
void vl_fatal(const char*, int, const char*, const char* message) { throw std::runtime_error(message); }

// All logic between registers, as after initial values: Verilator's own, which no header declares and which
// a design without such logic does not have.
__attribute__((weak)) void Vdut___024root___eval_settle(Vdut___024root* root);

namespace {

struct Signal {
    void* data = nullptr;
    unsigned bytes = 0;  // of one element: 1, 2, 4 or 8; wider ones are words of 4
    unsigned words = 1;

    uint64_t value() const {
        switch (bytes) {
            case 1: return *static_cast<uint8_t*>(data);
            case 2: return *static_cast<uint16_t*>(data);
            case 4: return *static_cast<uint32_t*>(data);
            default: return *static_cast<uint64_t*>(data);
        }
    }
    unsigned size() const { return bytes * words; }
};

template <class T> Signal port(T& value) { return {&value, sizeof(T), 1}; }
template <std::size_t N> Signal port(VlWide<N>& value) { return {value.data(), 4, N}; }

// "signal", or "memory[word]".
struct Name {
    std::string plain;
    bool indexed;
    unsigned word = 0;

    explicit Name(const char* name) : plain(name), indexed(plain.back() == ']') {
        if (!indexed) return;
        const std::size_t bracket = plain.find('[');
        word = std::stoul(plain.substr(bracket + 1));
        plain.resize(bracket);
    }
};

struct Probe {
    Signal signal;
    unsigned unused;  // bits above the signal's own in 64
    bool is_signed;

    int64_t value() const {
        const uint64_t raw = signal.value();
        return is_signed ? static_cast<int64_t>(raw << unused) >> unused : static_cast<int64_t>(raw);
    }
};

// One recorded array: `probes` are its columns, all stored at the clock in which `strobe` is 1.
// A strobe other than the first marks an event before the end of its step, so its rows wait in a
// queue: with overlapping steps the next one's event may come before this step has ended.
struct Group {
    int strobe;
    bool bytes;  // uint8 where every probe is one unsigned bit, else int64
    std::vector<Probe> probes;

    std::size_t row_bytes() const { return probes.size() * (bytes ? 1 : 8); }
    void store(void* to) const {
        if (bytes) {
            uint8_t* out = static_cast<uint8_t*>(to);
            for (const Probe& probe : probes) *out++ = static_cast<uint8_t>(probe.value());
        } else {
            int64_t* out = static_cast<int64_t*>(to);
            for (const Probe& probe : probes) *out++ = probe.value();
        }
    }
};

struct Queue {
    static constexpr unsigned rows = 64;
    std::vector<uint8_t> data;
    uint64_t written = 0, read = 0;
};

// When a side of a stream is willing: one byte for each clock, from Python's memory, again and again; none: always.
struct Rhythm {
    const uint8_t* bytes = nullptr;
    long count = 0, at = 0;

    bool next() { return !count || bytes[at++ % count]; }
};

struct Feed {  // an input stream: payloads wait in Python's memory, `taken` counts transfers
    Signal payload, valid, ready;
    const uint32_t* words = nullptr;
    long count = 0, taken = 0;
    bool repeat = false, offers = false;
    Rhythm rhythm;
};

struct Drain {  // an output stream: payloads go to Python's memory, as many as there is room for
    Signal payload, valid, ready;
    uint32_t* words = nullptr;
    long room = 0, taken = 0;
    Rhythm rhythm;
};

}  // namespace

struct Model {
    VerilatedContext context;
    Vdut top;
    std::vector<Signal> ports;
    std::vector<Signal> strobes;
    std::vector<Group> groups;
    std::vector<Queue> queues;
    std::vector<Feed> feeds;
    std::vector<Drain> drains;
    std::vector<std::pair<void*, std::size_t>> held;  // what is saved and loaded: registers and memories
    uint64_t clocks = 0;
    std::string error;
#if VM_TRACE_VCD
    File file;
    Trace trace{&file};
#elif VM_TRACE
    Trace trace;
#endif
    bool tracing = false;

    // The system's number of what went wrong with the waveform, 0 for nothing.
    int fault() const {
#if VM_TRACE_VCD
        return file.fault;
#else
        return 0;
#endif
    }

    Model() : top{&context, "TOP"} {
        ports = {
#include "ports.inc"
        };
    }

    // A port by its number, or where that is negative, the signal or word of a memory so named; its
    // width is known.
    Signal find(int port, const char* scope, const char* name) {
        if (port >= 0) return ports[port];
        const Name found{name};
        VerilatedVar* variable = context.scopeFind(scope)->varFind(found.plain.c_str());
        return {static_cast<char*>(variable->datap()) + found.word * variable->entSize(), variable->entSize(), 1};
    }

    void evaluate() {
        top.eval();
#if VM_TRACE
        if (tracing) trace.dump(context.time());
        context.timeInc(1);
#endif
    }

    void clock() {
        for (Feed& feed : feeds) {
            // What was offered stays until it is taken.
            const bool willing = feed.rhythm.next() || feed.offers;
            feed.offers = willing && (feed.repeat || feed.taken < feed.count);
            *static_cast<uint8_t*>(feed.valid.data) = feed.offers;
            if (!feed.offers) continue;
            const unsigned words = (feed.payload.size() + 3) / 4;
            const uint32_t* next = feed.words + feed.taken % feed.count * words;
            std::memcpy(feed.payload.data, next, feed.payload.size());
        }
        for (Drain& drain : drains)
            *static_cast<uint8_t*>(drain.ready.data) = drain.rhythm.next() && drain.taken < drain.room;
        if (!feeds.empty() || !drains.empty()) top.eval();
        for (Feed& feed : feeds) {
            if (!feed.offers || !feed.ready.value()) continue;
            ++feed.taken;
            feed.offers = false;
        }
        for (Drain& drain : drains) {
            if (!drain.valid.value() || !drain.ready.value()) continue;
            const unsigned words = (drain.payload.size() + 3) / 4;
            uint32_t* next = drain.words + drain.taken++ * words;
            next[words - 1] = 0;  // a port may be narrower than a word
            std::memcpy(next, drain.payload.data, drain.payload.size());
        }
        top.clk = 1;
        evaluate();
        top.clk = 0;
        evaluate();
        ++clocks;
    }

    long run(long steps, uint64_t limit, void** arrays) {
        const uint64_t last = clocks + limit;
        long done = 0;
        while (done < steps && clocks < last && !fault()) {
            clock();
            for (std::size_t s = 1; s < strobes.size(); ++s)
                if (strobes[s].value()) enqueue(s);
            if (!strobes[0].value()) continue;
            for (std::size_t g = 0; g < groups.size(); ++g) {
                const std::size_t size = groups[g].row_bytes();
                uint8_t* to = static_cast<uint8_t*>(arrays[g]) + done * size;
                if (groups[g].strobe == 0)
                    groups[g].store(to);
                else
                    dequeue(g, to);
            }
            ++done;
        }
        return done;
    }

    void enqueue(std::size_t strobe) {
        for (std::size_t g = 0; g < groups.size(); ++g) {
            if (groups[g].strobe != static_cast<int>(strobe)) continue;
            Queue& queue = queues[g];
            if (queue.written - queue.read == Queue::rows)
                throw std::runtime_error("64 events of one strobe passed without the end of a step");
            groups[g].store(&queue.data[queue.written++ % Queue::rows * groups[g].row_bytes()]);
        }
    }

    void dequeue(std::size_t group, uint8_t* to) {
        Queue& queue = queues[group];
        if (queue.written == queue.read)
            throw std::runtime_error("a step ended without the event that comes before its end");
        const std::size_t size = groups[group].row_bytes();
        std::memcpy(to, &queue.data[queue.read++ % Queue::rows * size], size);
    }
};

namespace {
// Verilator keeps a pointer to the context at work, one per thread: it may be another model's, or
// that of one deleted.
void enter(Model* model) { Verilated::threadContextp(&model->context); }

template <class Action> long guarded(Model* model, Action action) {
    enter(model);
    try {
        return action();
    } catch (const std::exception& error) {
        model->error = error.what();
        return -1;
    }
}
}  // namespace

extern "C" {

Model* model_new() { return new Model; }

void model_delete(Model* model) {
    enter(model);
#if VM_TRACE
    if (model->tracing) model->trace.close();
#endif
    model->tracing = false;
    model->top.final();
    delete model;
}

const char* model_error(Model* model) { return model->error.c_str(); }

// The width of a signal below the top, 0 where there is none of that name.
unsigned model_width(Model* model, const char* scope, const char* name) {
    const VerilatedScope* found = model->context.scopeFind(scope);
    const Name wanted{name};
    VerilatedVar* variable = found ? found->varFind(wanted.plain.c_str()) : nullptr;
    if (!variable || variable->udims() != wanted.indexed) return 0;
    return wanted.indexed && static_cast<int>(wanted.word) >= variable->unpackedRanges()[0].elements() ? 0 : variable->entBits();
}

// The next strobe; the first one ends a step.
void model_strobe(Model* model, int port, const char* scope, const char* name) {
    model->strobes.push_back(model->find(port, scope, name));
}

void model_group(Model* model, int strobe, int bytes) { model->groups.push_back({strobe, bytes != 0, {}}); }

// Adds a column to the last group.
void model_probe(Model* model, int port, const char* scope, const char* name, unsigned width, int is_signed) {
    model->groups.back().probes.push_back({model->find(port, scope, name), 64 - width, is_signed != 0});
}

// Forgets events whose step has not ended. To be called after the last probe, and at every restart.
void model_forget(Model* model) {
    model->queues.assign(model->groups.size(), {});
    for (std::size_t g = 0; g < model->groups.size(); ++g)
        model->queues[g].data.resize(Queue::rows * model->groups[g].row_bytes());
}

void model_set(Model* model, int port, const uint32_t* words) {
    std::memcpy(model->ports[port].data, words, model->ports[port].size());
}

void model_get(Model* model, int port, uint32_t* words) {
    std::memcpy(words, model->ports[port].data, model->ports[port].size());
}

// Settles what depends on the ports without a clock edge.
long model_settle(Model* model) {
    return guarded(model, [&] { model->top.eval(); return 0L; });
}

long model_clock(Model* model, uint64_t count) {
    return guarded(model, [&] {
        for (uint64_t i = 0; i < count && !model->fault(); ++i) model->clock();
        return 0L;
    });
}

// Turns the clock until a port has a value, or so often; whether it has.
long model_until(Model* model, int port, uint64_t value, uint64_t most) {
    return guarded(model, [&] {
        const Signal& signal = model->ports[port];
        for (uint64_t i = 0; i < most && signal.value() != value && !model->fault(); ++i) model->clock();
        return long(signal.value() == value);
    });
}

uint64_t model_clocks(Model* model) { return model->clocks; }

void model_feed(Model* model, int payload, int valid, int ready, const uint32_t* words, long count,
                int repeat, const uint8_t* rhythm, long clocks) {
    Feed feed{model->ports[payload], model->ports[valid], model->ports[ready], words, count};
    feed.repeat = repeat != 0;
    feed.rhythm = {rhythm, clocks};
    for (Feed& other : model->feeds)
        if (other.valid.data == feed.valid.data) {
            other = feed;
            return;
        }
    model->feeds.push_back(feed);
}

// How many payloads the stream with this valid has taken.
long model_fed(Model* model, int valid) {
    for (const Feed& feed : model->feeds)
        if (feed.valid.data == model->ports[valid].data) return feed.taken;
    return 0;
}

// From now on takes what comes at an output stream, up to `room` payloads.
void model_drain(Model* model, int payload, int valid, int ready, uint32_t* words, long room,
                 const uint8_t* rhythm, long clocks) {
    Drain drain{model->ports[payload], model->ports[valid], model->ports[ready], words, room};
    drain.rhythm = {rhythm, clocks};
    for (Drain& other : model->drains)
        if (other.valid.data == drain.valid.data) {
            other = drain;
            return;
        }
    model->drains.push_back(drain);
}

// How many payloads came from the stream with this valid.
long model_drained(Model* model, int valid) {
    for (const Drain& drain : model->drains)
        if (drain.valid.data == model->ports[valid].data) return drain.taken;
    return 0;
}

// Runs until `steps` steps have ended or `limit` clocks have passed; the number of steps that
// ended, or -1 and model_error. Row k of every array is the state of the k-th of these steps.
long model_run(Model* model, long steps, uint64_t limit, void** arrays) {
    return guarded(model, [&] { return model->run(steps, limit, arrays); });
}

// All probed signals as they are now, whatever the strobes say.
void model_now(Model* model, void** arrays) {
    for (std::size_t g = 0; g < model->groups.size(); ++g) model->groups[g].store(arrays[g]);
}

// The next one that is saved and loaded; its bytes, 0 where there is none of that name.
uint64_t model_hold(Model* model, const char* scope, const char* name) {
    const VerilatedScope* found = model->context.scopeFind(scope);
    VerilatedVar* variable = found ? found->varFind(name) : nullptr;
    if (!variable) return 0;
    const std::size_t size = variable->totalSize();
    model->held.push_back({variable->datap(), size});
    return size;
}

void model_save(Model* model, uint8_t* to) {
    for (const auto& [data, size] : model->held) {
        std::memcpy(to, data, size);
        to += size;
    }
}

long model_load(Model* model, const uint8_t* from, uint64_t clocks) {
    return guarded(model, [&] {
        model->clocks = clocks;
        for (const auto& [data, size] : model->held) {
            std::memcpy(data, from, size);
            from += size;
        }
        if (Vdut___024root___eval_settle) Vdut___024root___eval_settle(model->top.rootp);
        return 0L;
    });
}

// How many events of a group wait for the end of their steps; copies their rows unless `to` is null.
long model_waiting(Model* model, int group, uint8_t* to) {
    const Queue& queue = model->queues[group];
    const std::size_t size = model->groups[group].row_bytes();
    for (uint64_t row = queue.read; to && row < queue.written; ++row, to += size)
        std::memcpy(to, &queue.data[row % Queue::rows * size], size);
    return queue.written - queue.read;
}

// These wait from now on, after model_forget; there are at most Queue::rows.
void model_wait(Model* model, int group, const uint8_t* from, long count) {
    Queue& queue = model->queues[group];
    std::memcpy(queue.data.data(), from, count * model->groups[group].row_bytes());
    queue.written = count;
}

// The stream with this valid goes on as if so many payloads had been taken.
void model_taken(Model* model, int valid, long taken) {
    for (Feed& feed : model->feeds)
        if (feed.valid.data == model->ports[valid].data) feed.taken = taken;
}

#if VM_TRACE
void model_trace(Model* model, const char* path) {
    enter(model);
    model->context.traceEverOn(true);
    model->top.trace(&model->trace, 99);
    model->trace.open(path);
    model->tracing = true;
}

// Completes the waveform.
void model_untrace(Model* model) {
    enter(model);
    if (model->tracing) model->trace.close();
    model->tracing = false;
}
#endif

// What the system said of the waveform's file, 0 for nothing. Clocks stand still from then on.
int model_fault(Model* model) { return model->fault(); }
}
