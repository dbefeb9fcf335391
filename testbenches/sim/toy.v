// A made-up trainer that has all a runner must cope with: states deep in the hierarchy, a port of
// 70 bits, a stream, and steps that overlap. Step k begins with broadcast_plus, when cell i shows
// bit i of k as its code, and ends five clocks later with step_done, when theta holds +word or
// -word more than before. A new step begins every second clock.

module toy_cell(input clk, input rst, input number, input ending, input ended_number,
                input signed [7:0] word);
    wire code = number;
    reg signed [7:0] theta = 0;
    always @(posedge clk)
        if (rst) theta <= 0;
        else if (ending) theta <= ended_number ? theta + word : theta - word;
endmodule

module toy_array(input clk, input rst, input [2:0] number, input beginning, input ending,
                 input [2:0] ended_number, input signed [7:0] word);
    toy_cell cell_0(clk, rst, number[0], ending, ended_number[0], word);
    toy_cell cell_1(clk, rst, number[1], ending, ended_number[1], word);
    toy_cell cell_2(clk, rst, number[2], ending, ended_number[2], word);
endmodule

module toy(
    input clk, input rst, input run, input fail, input signed [7:0] word,
    input [69:0] i__payload, input i__valid, output i__ready,
    output broadcast_plus, output reg step_done, output reg signed [39:0] total, output reg [69:0] digest
);
    reg [2:0] number = 0, ended_number = 0;
    reg second = 0;
    reg [3:0] pending = 0;
    reg [1:0] turn = 0;
    assign broadcast_plus = run & second;
    assign i__ready = turn == 2;
    toy_array array(clk, rst, number, broadcast_plus, pending[3], ended_number, word);

    initial begin step_done = 0; total = 0; digest = 0; end
    always @(posedge clk) begin
        second <= run & ~second;
        if (broadcast_plus) number <= number + 1;
        pending <= {pending[2:0], broadcast_plus};
        step_done <= pending[3];
        if (pending[3]) begin
            ended_number <= ended_number + 1;
            total <= total - 1;
        end
        turn <= i__ready ? 0 : turn + 1;
        if (i__valid & i__ready) digest <= {digest[68:0], digest[69]} ^ i__payload;
        if (fail) $stop;
        if (rst) begin
            number <= 0; ended_number <= 0; second <= 0; pending <= 0; step_done <= 0; total <= 0;
        end
    end
endmodule
